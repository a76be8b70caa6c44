#include "simulations/proof/proofs.h"

namespace stagecraft::simulations {

std::vector<Proof> AllProofs() {
  return {PeekingProof(),     PowerProof(),       GroupSequentialProof(),
          AlwaysValidProof(), BayesProof(),       CupedProof(),
          FiellerProof(),     SampleRatioProof(), MultiplicityProof(),
          GuardrailProof(),   TimeInStageProof(), MaturityProof(),
          AssignmentProof()};
}

}  // namespace stagecraft::simulations
