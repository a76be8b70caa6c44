// Ctrl-C as a question that a long command asks now and then, instead of the
// end of the process.
#ifndef STAGECRAFT_SIMULATIONS_COMMAND_INTERRUPT_H_
#define STAGECRAFT_SIMULATIONS_COMMAND_INTERRUPT_H_

#include <csignal>

namespace stagecraft::simulations {

// While it lives, the first SIGINT is remembered; a second one ends the process
// as usual. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  // Thread-safe.
  bool asked() const;

 private:
  struct sigaction before_;
};

}  // namespace stagecraft::simulations

#endif  // STAGECRAFT_SIMULATIONS_COMMAND_INTERRUPT_H_
