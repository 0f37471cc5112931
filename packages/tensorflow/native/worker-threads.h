// A few threads that stay, for parts of one operation at a time.
#pragma once

#include <pmmintrin.h>
#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace drc {

// Takes denormal numbers for zero while it lives, as TensorFlow does in its operations: they are a hundred times slower,
// and a result must not depend on which thread computed it.
class FlushDenormals {
 public:
  FlushDenormals() : before_(_mm_getcsr()) {
    _MM_SET_FLUSH_ZERO_MODE(_MM_FLUSH_ZERO_ON);
    _MM_SET_DENORMALS_ZERO_MODE(_MM_DENORMALS_ZERO_ON);
  }
  ~FlushDenormals() { _mm_setcsr(before_); }
  FlushDenormals(const FlushDenormals&) = delete;

 private:
  const unsigned before_;
};

// TensorFlow's own threads cannot be had through its C interface. Never destroyed: its threads wait until the process
// ends, whatever ends it.
class WorkerThreads {
 public:
  // Calls `work(0)` to `work(parts - 1)` on up to `threads` threads, the caller's among them, and returns when all are
  // done. One call at a time. What a part throws is thrown here, once no thread works any more.
  void Run(int threads, int64_t parts, const std::function<void(int64_t)>& work) {
    const FlushDenormals flush;
    if (threads <= 1 || parts <= 1) {
      for (int64_t part = 0; part < parts; part++) work(part);
      return;
    }
    std::lock_guard<std::mutex> one_at_a_time(call_);
    {
      std::lock_guard<std::mutex> lock(state_);
      while (static_cast<int>(threads_.size()) < threads - 1) {
        std::thread thread([this] { Wait(); });
        threads_.push_back(thread.native_handle());
        thread.detach();
        avoided_processor_ = -1;
      }
      LeaveProcessorToCaller();
      work_ = &work;
      parts_ = parts;
      next_ = 0;
      wanted_ = threads - 1;
      failure_ = nullptr;
      call_number_++;
    }
    wake_.notify_all();
    Take();
    std::unique_lock<std::mutex> lock(state_);
    // Whoever has not begun by now has nothing to do.
    wanted_ = 0;
    lock.unlock();
    Look([this] { return busy_ == 0; });
    lock.lock();
    idle_.wait(lock, [this] { return busy_ == 0; });
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  // Looks again and again for a while, until `there` is true: to be woken takes as long as many an operation does, on
  // virtual machines some fifty microseconds, and the next operation of a network follows soon. Without yielding: where
  // other programs run, that gives them milliseconds, and who sleeps instead is back as soon as it is woken.
  template <typename Condition>
  static void Look(const Condition& there) {
    constexpr std::chrono::microseconds kPatience(100);
    const auto until = std::chrono::steady_clock::now() + kPatience;
    do {
      for (int i = 0; i < 32; i++) {
        if (there()) return;
        _mm_pause();
      }
    } while (std::chrono::steady_clock::now() < until);
  }

  // Where the system does not know which processors share a cache, as in many virtual machines, it wakes a thread on
  // the processor of the one that wakes it, and leaves both there for milliseconds while others are idle.
  void LeaveProcessorToCaller() {
    const int processor = sched_getcpu();
    if (processor < 0 || processor == avoided_processor_) return;
    avoided_processor_ = processor;
    cpu_set_t others;
    if (sched_getaffinity(0, sizeof others, &others) != 0) return;
    CPU_CLR(processor, &others);
    // With more threads than processors, they share those that there are as the system likes.
    if (CPU_COUNT(&others) < static_cast<int>(threads_.size())) return;
    for (const pthread_t thread : threads_) pthread_setaffinity_np(thread, sizeof others, &others);
  }

  void Take() {
    try {
      for (int64_t part = next_++; part < parts_; part = next_++) (*work_)(part);
    } catch (...) {
      next_ = parts_;
      std::lock_guard<std::mutex> lock(state_);
      if (!failure_) failure_ = std::current_exception();
    }
  }

  void Wait() {
    const FlushDenormals flush;
    uint64_t last_call = 0;
    std::unique_lock<std::mutex> lock(state_);
    for (;;) {
      lock.unlock();
      Look([&] { return wanted_ > 0 && call_number_ != last_call; });
      lock.lock();
      wake_.wait(lock, [&] { return wanted_ > 0 && call_number_ != last_call; });
      last_call = call_number_;
      wanted_--;
      busy_++;
      lock.unlock();
      Take();
      lock.lock();
      if (--busy_ == 0) idle_.notify_one();
    }
  }

  std::mutex call_;
  std::mutex state_;
  std::condition_variable wake_, idle_;
  std::vector<pthread_t> threads_;
  int avoided_processor_ = -1;
  const std::function<void(int64_t)>* work_ = nullptr;
  int64_t parts_ = 0;
  std::atomic<int64_t> next_{0};
  std::exception_ptr failure_;
  // Changed under `state_`, and looked at without it.
  std::atomic<int> wanted_{0}, busy_{0};
  std::atomic<uint64_t> call_number_{0};
};

}  // namespace drc
