// A mutex that clang's thread-safety analysis understands. State has one owner thread; a mutex is
// the exception, and what it guards is written down.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define KEELSON_TS(x) __attribute__((x))
#else
#define KEELSON_TS(x)
#endif
#define GUARDED_BY(m) KEELSON_TS(guarded_by(m))
#define REQUIRES(m) KEELSON_TS(requires_capability(m))
#define EXCLUDES(m) KEELSON_TS(locks_excluded(m))

namespace keelson {

class KEELSON_TS(capability("mutex")) Mutex {
 public:
  void lock() KEELSON_TS(acquire_capability()) { mutex_.lock(); }
  void unlock() KEELSON_TS(release_capability()) { mutex_.unlock(); }
  bool try_lock() KEELSON_TS(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class KEELSON_TS(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& m) KEELSON_TS(acquire_capability(m)) : mutex_(m) { mutex_.lock(); }
  ~MutexLock() KEELSON_TS(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits with the mutex held; spurious wake-ups happen, so callers loop over their condition.
class CondVar {
 public:
  void wait(Mutex& m) REQUIRES(m) {
    std::unique_lock<std::mutex> lock(m.mutex_, std::adopt_lock);
    cv_.wait(lock);
    lock.release();
  }
  template <typename D>
  void wait_for(Mutex& m, D timeout) REQUIRES(m) {
    std::unique_lock<std::mutex> lock(m.mutex_, std::adopt_lock);
    cv_.wait_for(lock, timeout);
    lock.release();
  }
  void notify_one() { cv_.notify_one(); }
  void notify_all() { cv_.notify_all(); }

 private:
  std::condition_variable cv_;
};

}  // namespace keelson
