// store/disk/work.h: a coroutine has something done by other threads and waits for its answer.
#pragma once
#include "store/call.h"
#include "store/disk/file.h"

namespace helio::store::disk {

// Submit: bool(Function<void()>), which hands the work to threads, or drops it and says false: then StoreDown is
// thrown. What `work` throws is thrown here, DiskFull as StoreDown: a caller who minds has turned it into kNoRoom.
template <class T, class Submit>
Task<T> done_by(Submit submit, Function<T()> work) {
  const Executor executor = co_await asio::this_coro::executor;
  auto call = std::make_shared<Call<T>>(executor);
  auto start = [submit = std::move(submit), work = std::move(work)](std::shared_ptr<Call<T>> asked) mutable {
    const auto answer = [](std::shared_ptr<Call<T>> answered) {
      Answers answers;
      answers.add(std::move(answered));
      answers.send();
    };
    const bool accepted = submit([work = std::move(work), asked, answer]() mutable {
      try {
        asked->done(work());
      } catch (const DiskFull& failure) {
        asked->failed(std::make_exception_ptr(StoreDown(failure.what())));
      } catch (...) {
        asked->failed(std::current_exception());
      }
      work = {};  // What it holds is let go before anyone hears of it.
      answer(std::move(asked));
    });
    if (accepted) return;
    asked->failed(std::make_exception_ptr(StoreDown("the store of media stops, or too much waits for the disk")));
    answer(std::move(asked));
  };
  co_return co_await Call<T>::wait(std::move(call), std::move(start));
}

}  // namespace helio::store::disk
