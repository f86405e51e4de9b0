#include "store/call.h"

#include <algorithm>

namespace helio::store {

void Answers::add(std::shared_ptr<Sleeper> call) {
  const Executor& executor = call->executor();
  auto home = std::find_if(homes_.begin(), homes_.end(), [&](const Home& h) { return h.executor == executor; });
  if (home == homes_.end()) home = homes_.insert(homes_.end(), Home{executor, {}});
  home->calls.push_back(std::move(call));
}

void Answers::send() {
  for (Home& home : homes_) {
    asio::post(home.executor, [calls = std::move(home.calls)] {
      for (const auto& call : calls) call->wake();
    });
  }
  homes_.clear();
}

}  // namespace helio::store
