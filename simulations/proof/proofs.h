// The proofs of the book, one file each.
#ifndef STAGECRAFT_SIMULATIONS_PROOF_PROOFS_H_
#define STAGECRAFT_SIMULATIONS_PROOF_PROOFS_H_

#include "simulations/proof/proof.h"

namespace stagecraft::simulations {

Proof PeekingProof();
Proof PowerProof();
Proof GroupSequentialProof();
Proof AlwaysValidProof();
Proof BayesProof();
Proof CupedProof();
Proof FiellerProof();
Proof SampleRatioProof();
Proof MultiplicityProof();
Proof GuardrailProof();
Proof TimeInStageProof();
Proof MaturityProof();
Proof AssignmentProof();

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_PROOF_PROOFS_H_
