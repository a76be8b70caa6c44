// Tells ThreadSanitizer what Abseil's mutexes order: the packaged library is
// not instrumented, so that everything they guard would look like a race.
//
// Linked in builds with -fsanitize=thread only, with --wrap for each function:
// calls of the real one come here. The names are those of Debian's Abseil
// (inline namespace debian3). Readers are ordered among each other as well,
// which hides races of readers with readers' writes. Await and LockWhen are for
// exclusive locks only.

#include <sched.h>

extern "C" {

void __tsan_acquire(void* address);
void __tsan_release(void* address);

void __real__ZN4absl7debian35Mutex4LockEv(void* mutex);
void __wrap__ZN4absl7debian35Mutex4LockEv(void* mutex) {
  __real__ZN4absl7debian35Mutex4LockEv(mutex);
  __tsan_acquire(mutex);
}

void __real__ZN4absl7debian35Mutex6UnlockEv(void* mutex);
void __wrap__ZN4absl7debian35Mutex6UnlockEv(void* mutex) {
  __tsan_release(mutex);
  __real__ZN4absl7debian35Mutex6UnlockEv(mutex);
}

bool __real__ZN4absl7debian35Mutex7TryLockEv(void* mutex);
bool __wrap__ZN4absl7debian35Mutex7TryLockEv(void* mutex) {
  const bool locked = __real__ZN4absl7debian35Mutex7TryLockEv(mutex);
  if (locked) __tsan_acquire(mutex);
  return locked;
}

void __real__ZN4absl7debian35Mutex10ReaderLockEv(void* mutex);
void __wrap__ZN4absl7debian35Mutex10ReaderLockEv(void* mutex) {
  __real__ZN4absl7debian35Mutex10ReaderLockEv(mutex);
  __tsan_acquire(mutex);
}

void __real__ZN4absl7debian35Mutex12ReaderUnlockEv(void* mutex);
void __wrap__ZN4absl7debian35Mutex12ReaderUnlockEv(void* mutex) {
  __tsan_release(mutex);
  __real__ZN4absl7debian35Mutex12ReaderUnlockEv(mutex);
}

// Abseil lets the thread that unlocks look whether those who wait may go on,
// without a trace for the sanitizer. Here who waits looks, again and again.
bool _ZNK4absl7debian39Condition4EvalEv(const void* condition);

void __wrap__ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE(
    void* mutex, const void* condition) {
  while (!_ZNK4absl7debian39Condition4EvalEv(condition)) {
    __wrap__ZN4absl7debian35Mutex6UnlockEv(mutex);
    sched_yield();
    __wrap__ZN4absl7debian35Mutex4LockEv(mutex);
  }
}

void __wrap__ZN4absl7debian35Mutex8LockWhenERKNS0_9ConditionE(
    void* mutex, const void* condition) {
  __wrap__ZN4absl7debian35Mutex4LockEv(mutex);
  __wrap__ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE(mutex, condition);
}

void __real__ZN4absl7debian37CondVar4WaitEPNS0_5MutexE(void* changed,
                                                       void* mutex);
void __wrap__ZN4absl7debian37CondVar4WaitEPNS0_5MutexE(void* changed,
                                                       void* mutex) {
  __tsan_release(mutex);
  __real__ZN4absl7debian37CondVar4WaitEPNS0_5MutexE(changed, mutex);
  __tsan_acquire(mutex);
}

}  // extern "C"
