#include "store/rocks/bench/bare_loop.h"

#include "store/rocks/bench/meters.h"
#include "store/rocks/layout.h"

namespace helio::store::rocks::bench {

namespace {

rocksdb::Slice slice(View bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace

BareLoop::BareLoop(Database& database, Traffic& traffic, Clock& clock)
    : database_(database), traffic_(traffic), clock_(clock), boxes_(traffic.boxes()) {
  for (std::uint32_t i = 0; i < traffic.boxes(); ++i) {
    boxes_[i].prefix = row_prefix(box_name(i));
    boxes_[i].head_key = head_key(box_name(i));
  }
}

Sent BareLoop::send(std::uint32_t batch_messages, std::uint64_t messages) {
  rocksdb::WriteOptions synced;
  synced.sync = true;
  Sent sent;
  const Ticks begin = clock_.ticks();
  while (sent.messages < messages) {
    batch_.Clear();
    for (std::uint32_t i = 0; i < batch_messages && sent.messages < messages; ++i, ++sent.messages) {
      const std::uint32_t from = traffic_.box(), to = traffic_.box();
      append(boxes_[from], to);
      append(boxes_[to], from);
    }
    const Ticks written = clock_.ticks();
    const auto status = database_->Write(synced, &batch_);
    if (!status.ok()) throw StoreDown("RocksDB cannot write: " + status.ToString());
    sent.commit_us.push_back(seconds_between(written, clock_.ticks()) * 1e6);
  }
  sent.wall = seconds_between(begin, clock_.ticks());
  return sent;
}

void BareLoop::append(Box& box, std::uint32_t peer) {
  ++box.pts;
  traffic_.each_row(peer, box.pts, [&](View name, View value) {
    key_.assign(box.prefix).append(name);
    batch_.Put(database_.rows(), key_, slice(value));
  });
  batch_.Put(database_.meta(), box.head_key, encode_head({.version = box.pts, .pending = false}));
}

}  // namespace helio::store::rocks::bench
