#include "store/rocks/bench/senders.h"

#include "base/assert.h"
#include "store/rocks/bench/meters.h"

namespace helio::store::rocks::bench {

namespace {

constexpr std::uint32_t kFillers = 512;

// `make(i)` is a task of its own for each i below `count`.
template <class Make>
Task<> run_all(std::uint32_t count, Make make) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (std::uint32_t i = 0; i < count; ++i) group.spawn(make(i));
  co_await group.join();
}

}  // namespace

Senders::Senders(Kv& kv, Clock& clock, Traffic& traffic)
    : kv_(&kv), clock_(clock), traffic_(traffic), boxes_(traffic.boxes()) {}

Sent Senders::send(std::uint32_t in_flight, milliseconds duration, std::uint64_t messages_max) {
  ASSERT(in_flight * 2 <= boxes_.size());
  Sent sent;
  asio::io_context context(1);
  const Ticks begin = clock_.ticks();
  const auto sender = [&](std::uint32_t) { return send_some(sent, begin + duration, messages_max); };
  run_until_done(context, run_all(in_flight, sender));
  sent.wall = seconds_between(begin, clock_.ticks());
  return sent;
}

void Senders::fill() {
  Sent sent;
  asio::io_context context(1);
  const std::uint32_t fillers = std::min<std::uint32_t>(kFillers, traffic_.boxes());
  const auto filler = [&](std::uint32_t i) { return fill_some(sent, i, fillers); };
  run_until_done(context, run_all(fillers, filler));
}

std::uint32_t Senders::take() {
  std::uint32_t number = traffic_.box();
  while (boxes_[number].is_busy) number = traffic_.box();
  boxes_[number].is_busy = true;
  return number;
}

Task<> Senders::send_some(Sent& sent, Ticks end, std::uint64_t messages_max) {
  while (sent.messages < messages_max && clock_.ticks() < end) {
    ++sent.messages;
    const std::uint32_t from = take(), to = take();
    co_await append(sent, from, to, true);
    boxes_[from].is_busy = false;
    co_await append(sent, to, from, false);
    boxes_[to].is_busy = false;
  }
}

Task<> Senders::fill_some(Sent& sent, std::uint32_t first, std::uint32_t step) {
  for (std::uint32_t number = first; number < boxes_.size(); number += step) co_await append(sent, number, 0, false);
}

Task<> Senders::append(Sent& sent, std::uint32_t number, std::uint32_t peer, bool pending) {
  Box& box = boxes_[number];
  ++box.pts;
  Batch batch{.partition = box_name(number), .expect = box.version, .pending = pending};
  batch.puts.reserve(kRowsPerBox);
  traffic_.each_row(peer, box.pts, [&](View key, View value) { batch.puts.push_back({Bytes(key), Bytes(value)}); });
  const Ticks begin = clock_.ticks();
  const Commit done = co_await kv_->commit(std::move(batch));
  sent.commit_us.push_back(seconds_between(begin, clock_.ticks()) * 1e6);
  ASSERT(done.outcome == Outcome::kCommitted);
  box.version = done.version;
}

}  // namespace helio::store::rocks::bench
