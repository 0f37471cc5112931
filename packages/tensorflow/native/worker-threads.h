// A few threads that stay, for parts of one operation at a time.
#pragma once

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace drc {

// TensorFlow's own threads cannot be had through its C interface. Never destroyed: its threads wait until the process
// ends, whatever ends it.
class WorkerThreads {
 public:
  // Calls `work(0)` to `work(parts - 1)` on up to `threads` threads, the caller's among them, and returns when all are
  // done. One call at a time.
  void Run(int threads, int64_t parts, const std::function<void(int64_t)>& work) {
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
      call_number_++;
    }
    wake_.notify_all();
    Take();
    std::unique_lock<std::mutex> lock(state_);
    // Whoever has not begun by now has nothing to do.
    wanted_ = 0;
    idle_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  // Where the system does not know which processors share a cache, as in many virtual machines, it wakes a thread on
  // the processor of the one that wakes it, and leaves both there for milliseconds while others are idle.
  void LeaveProcessorToCaller() {
    const int processor = sched_getcpu();
    if (processor < 0 || processor == avoided_processor_) return;
    avoided_processor_ = processor;
    cpu_set_t others;
    if (sched_getaffinity(0, sizeof others, &others) != 0) return;
    CPU_CLR(processor, &others);
    if (CPU_COUNT(&others) == 0) return;
    for (const pthread_t thread : threads_) pthread_setaffinity_np(thread, sizeof others, &others);
  }

  // What a part throws ends the process: the other threads still work for the caller.
  void Take() noexcept {
    for (int64_t part = next_++; part < parts_; part = next_++) (*work_)(part);
  }

  void Wait() {
    uint64_t last_call = 0;
    std::unique_lock<std::mutex> lock(state_);
    for (;;) {
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
  int wanted_ = 0, busy_ = 0;
  uint64_t call_number_ = 0;
};

}  // namespace drc
