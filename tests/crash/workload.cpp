#include "workload.h"

#include <algorithm>

namespace helio::crash {

namespace {

constexpr std::size_t kPartitionsMax = 500;
constexpr std::size_t kRowsMax = 300;          // Of most boxes; more are deleted soon.
constexpr std::size_t kRowsMaxOfLarge = 3000;  // Of one box in sixteen.
constexpr std::uint32_t kLongValue = 200 << 10;

// Above every key that is made here.
const Bytes kEnd(8, '\xff');

std::size_t rows_max(const Box& box) {
  return box.rows.empty() || box.rows.begin()->second.seed % 16 != 0 ? kRowsMax : kRowsMaxOfLarge;
}

Bytes numbered(char kind, std::uint64_t number) {
  Bytes key(1, kind);
  append_be(key, number);
  return key;
}

}  // namespace

Workload::Workload(Truth& truth, Random& random, std::size_t boxes) : truth_(truth), random_(random) {
  for (const auto& [partition, box] : truth_.boxes()) partitions_.push_back(partition);
  for (std::uint64_t i = partitions_.size(); i < boxes; ++i) partitions_.push_back(numbered('u', i));
}

Bytes Workload::any_partition() {
  if (partitions_.size() < kPartitionsMax && random_.below(200) == 0) {
    // Names of other lengths, with bytes that order badly.
    Bytes name = "x" + random_.bytes(random_.below(100));
    if (chance(50)) name += Bytes(1 + random_.below(3), chance(50) ? '\xff' : '\0');
    partitions_.push_back(std::move(name));
    return partitions_.back();
  }
  // One in eight boxes gets most of the traffic.
  const auto among = chance(70) ? std::max<std::size_t>(1, partitions_.size() / 8) : partitions_.size();
  return partitions_[random_.below(among)];
}

Change Workload::change(const Box& box) {
  Change out;
  out.expect = box.version;
  out.pending = box.pending;
  return out;
}

Bytes Workload::peer_key(char kind, const Bytes& peer) {
  return Bytes(1, kind) + peer;
}

Bytes Workload::any_key(const Box& box) {
  if (box.rows.empty() || chance(10)) return numbered('z', random_.below(1000));
  const char kinds[] = {'0', 'd', 'e', 'h', 'm', 'r', 'z'};
  Bytes from(1, kinds[random_.below(sizeof kinds)]);
  if (from == "e") append_be(from, static_cast<std::uint32_t>(random_.below(box.version + 1)));
  if (from == "h" || from == "m" || from == "r") from += random_.bytes(2);
  const auto row = box.rows.lower_bound(from);
  return row == box.rows.end() ? box.rows.begin()->first : row->first;
}

Change Workload::message(const Box& box, const Bytes& peer) {
  Change out = change(box);
  const auto pts = static_cast<std::uint32_t>(box.version + 1);
  Bytes message = peer_key('m', peer), event = "e";
  append_be(message, pts);
  append_be(event, pts);
  out.puts = {{"0", value(40)},
              {std::move(message), value(60 + static_cast<std::uint32_t>(random_.below(120)))},
              {std::move(event), value(30)},
              {peer_key('d', peer), value(50)},
              {numbered('r', random_.u64()) + peer, value(8)}};
  out.pending = true;
  return out;
}

Change Workload::copy(const Box& box, const Bytes& peer) {
  Change out = message(box, peer);
  out.puts.back() = {numbered('h', random_.u64()), value(8)};
  out.pending = box.pending;
  return out;
}

Change Workload::delivered(const Box& box) {
  Change out = change(box);
  out.puts = {{"0", value(40)}};
  out.pending = false;
  return out;
}

Change Workload::row(const Box& box, Bytes key) {
  Change out = change(box);
  out.puts = {{std::move(key), value(100)}};
  return out;
}

Change Workload::bulk(const Box& box) {
  Change out = change(box);
  const auto count = chance(5) ? store::kBatchChangesMax : 100 + random_.below(900);
  const auto first = random_.below(1 << 20);
  for (std::uint64_t i = 0; i < count; ++i) out.puts.push_back({numbered('z', first + i), value(16)});
  return out;
}

// Makes a box small again: by ranges, with rows that stay put into the very ranges.
Change Workload::trim(const Box& box) {
  Change out = change(box);
  if (chance(30)) {
    out.erase_ranges = {{"", kEnd}};
  } else {
    auto middle = box.rows.begin();
    std::advance(middle, static_cast<long>(random_.below(box.rows.size()) / 2));
    out.erase_ranges = {{middle->first, kEnd}, {"e", Bytes("e") + Bytes(2, '\0')}};
  }
  for (int i = 0; i < 3; ++i) out.puts.push_back({any_key(box), value(70)});
  std::sort(out.puts.begin(), out.puts.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  out.puts.erase(
      std::unique(out.puts.begin(), out.puts.end(), [](const auto& a, const auto& b) { return a.first == b.first; }),
      out.puts.end());
  return out;
}

Change Workload::other(const Box& box) {
  if (box.rows.size() > rows_max(box)) return trim(box);
  Change out = change(box);
  const auto kind = random_.below(100);
  if (kind < 30) {
    out.puts = {{any_key(box), value(static_cast<std::uint32_t>(random_.below(200)))}};
  } else if (kind < 60) {
    for (auto left = 1 + random_.below(8); left > 0; --left) out.erase.push_back(any_key(box));
    // A put wins over an erase of the same key.
    if (chance(30)) out.puts = {{out.erase.front(), value(20)}};
  } else if (kind < 75) {
    Bytes from = any_key(box), to = any_key(box);
    if (to < from) std::swap(from, to);
    if (chance(50)) out.puts = {{from, value(20)}};
    out.erase_ranges = {{std::move(from), std::move(to)}};
  } else if (kind < 80) {
    return bulk(box);
  } else if (kind < 85) {
    out.puts = {{any_key(box), value(static_cast<std::uint32_t>(random_.below(kLongValue)))}};
  } else if (kind < 95) {
    out.pending = !box.pending;
  }
  return out;  // In the remaining cases it counts the version up and changes nothing.
}

Change Workload::stale(const Box& box) {
  Change out = row(box, any_key(box));
  const std::uint64_t others[] = {0, box.version / 2, box.version + 1, random_.u64() >> 1};
  out.expect = others[random_.below(4)];
  if (out.expect == box.version) out.expect = box.version + 7;
  return out;
}

store::Scan Workload::scan(const Box& box) {
  store::Scan out;
  out.from = chance(50) ? Bytes() : any_key(box);
  out.to = chance(50) ? kEnd : any_key(box);
  out.reverse = chance(50);
  out.limit = 1 + static_cast<std::uint32_t>(random_.below(chance(50) ? 20 : 2000));
  out.size_max = chance(80) ? 1 << 20 : 1 + static_cast<std::uint32_t>(random_.below(2000));
  return out;
}

std::vector<Bytes> Workload::keys(const Box& box) {
  std::vector<Bytes> out;
  for (auto left = 1 + random_.below(10); left > 0; --left) out.push_back(any_key(box));
  return out;
}

}  // namespace helio::crash
