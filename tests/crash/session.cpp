#include "session.h"

#include <algorithm>

namespace helio::crash {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto kSilence = std::chrono::seconds(60);  // A victim that says nothing for so long hangs.
constexpr std::size_t kBlobsMax = 600;
constexpr std::size_t kCheckWindow = 32;

// Beyond every key.
Bytes key_end() {
  return Bytes(store::kKeySizeMax, '\xff');
}

std::vector<Bytes> read_names(Reader& in) {
  std::vector<Bytes> out;
  for (auto left = in.number<std::uint32_t>(); left > 0; --left) out.push_back(in.text());
  return out;
}

}  // namespace

void Complaints::add(const std::string& complaint) {
  if (complaint.empty()) return;
  if (++count_ <= 50) std::printf("  WRONG: %s\n", complaint.c_str());
  std::fflush(stdout);
}

Session::Session(const VictimCommand& command, Truth& truth, Workload& workload, Random& random, Complaints& complaints)
    : truth_(truth),
      workload_(workload),
      random_(random),
      complaints_(complaints),
      started_(steady_clock::now()),
      victim_(command),
      heard_last_(started_) {}

bool Session::pump(milliseconds wait) {
  if (dead_) return false;
  frames_.clear();
  const bool alive = victim_.hear(wait, frames_);
  if (!frames_.empty()) heard_last_ = steady_clock::now();
  for (const auto& frame : frames_) heard(frame);
  if (!alive) {
    died();
  } else if (steady_clock::now() - heard_last_ > kSilence) {
    complaints_.add("the victim says nothing for a minute");
    kill();
  }
  return !dead_;
}

void Session::died() {
  dead_ = true;
  // An answer that was heard counts, even if the read beside it never came.
  auto held = std::exchange(held_, {});
  for (const auto& [partition, answer] : held) answered_commit(answer.first, answer.second);
}

void Session::kill() {
  victim_.kill();
  while (pump(milliseconds(1000))) {
  }
  victim_.wait_for_end(std::chrono::seconds(10));
}

int Session::wait_for_end(milliseconds patience) {
  const auto until = steady_clock::now() + patience;
  while (steady_clock::now() < until && pump(milliseconds(10))) {
  }
  if (!dead_) kill();
  return victim_.wait_for_end(std::chrono::seconds(10));
}

std::size_t Session::unanswered() const {
  return static_cast<std::size_t>(std::count_if(waiting_.begin(), waiting_.end(),
                                                [](const auto& one) { return one.second.kind == Kind::kCommit; }));
}

Opening Session::open(milliseconds patience) {
  const auto until = started_ + patience;
  while (!opening_ && steady_clock::now() < until && pump(milliseconds(100))) {
  }
  return opening_.value_or(Opening{});
}

void Session::heard(const Frame& frame) {
  Reader in(frame.fields);
  switch (static_cast<Tell>(frame.kind)) {
    case Tell::kReached: points_.insert(in.text()); return;
    case Tell::kRefused:
    case Tell::kOpened: {
      Opening opening;
      opening.took = std::chrono::duration_cast<milliseconds>(steady_clock::now() - started_);
      opening.state =
          frame.number == 0 && static_cast<Tell>(frame.kind) == Tell::kOpened ? Opening::kOpened : Opening::kRefused;
      if (opening.state == Opening::kRefused) opening.refusal = in.text();
      opening_ = opening;
      return;
    }
    default: break;
  }
  const auto found = waiting_.find(frame.number);
  if (found == waiting_.end()) {
    complaints_.add("an answer to a question that was not asked, or answered before");
    return;
  }
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  answered(frame, std::move(waiting));
}

void Session::answered(const Frame& frame, Waiting waiting) {
  Reader in(frame.fields);
  const auto tell = static_cast<Tell>(frame.kind);
  if (tell == Tell::kDown) {
    answered_down(in.text(), waiting);
    free(waiting.partition);
    return;
  }
  switch (waiting.kind) {
    case Kind::kCommit:
      if (read_beside_.contains(waiting.partition)) {
        held_.emplace(waiting.partition, std::pair(frame, waiting));
      } else {
        answered_commit(frame, waiting);
      }
      return;
    case Kind::kStale: {
      const auto outcome = static_cast<store::Outcome>(in.number<std::uint8_t>());
      const store::Commit commit{outcome, in.number<std::uint64_t>()};
      complaints_.add(truth_.answered_stale(frame.number, waiting.partition, commit));
      ++counts_.conflicts;
      break;
    }
    case Kind::kScan: answered_page(in, waiting); break;
    case Kind::kGet: {
      store::Values values;
      values.version = in.number<std::uint64_t>();
      for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
        const bool there = in.number<std::uint8_t>() != 0;
        Bytes value = in.text();
        values.values.push_back(there ? std::optional(std::move(value)) : std::nullopt);
      }
      complaints_.add(truth_.read(waiting.partition, waiting.keys, values));
      ++counts_.reads;
      break;
    }
    case Kind::kPending: compare_pending(read_names(in), waiting.bucket); break;
    case Kind::kPutBlob: {
      const Bytes answer = in.text();
      if (answer.empty() && !faulty_) complaints_.add("there was no room for a blob without a reason");
      if (!answer.empty()) {
        complaints_.add(truth_.blob_answered(waiting.peer, answer, waiting.blob));
        ++counts_.blobs;
        // The row that names it comes only now.
        Waiting named{.kind = Kind::kCommit, .partition = waiting.partition};
        begin_commit(std::move(named), workload_.row(truth_.box(waiting.partition), "b" + answer));
      }
      break;
    }
    case Kind::kGetBlob:
      complaints_.add(truth_.blob_read(waiting.peer, in.text()));
      ++checked_.blobs;
      break;
    case Kind::kListBlobs:
      for (const auto& id : read_names(in)) {
        if (!truth_.was_blob_asked(id)) complaints_.add("blob " + to_hex(id) + " was never asked for");
      }
      break;
    case Kind::kBackup: ++counts_.backups; break;
  }
  free(waiting.partition);
}

void Session::begin_backup(Bytes directory) {
  Fields out;
  out.text(directory);
  wait_for(Ask::kBackup, {.kind = Kind::kBackup}, out.take());
}

void Session::answered_commit(const Frame& frame, const Waiting& waiting) {
  Reader in(frame.fields);
  const auto outcome = static_cast<store::Outcome>(in.number<std::uint8_t>());
  const store::Commit commit{outcome, in.number<std::uint64_t>()};
  complaints_.add(truth_.answered(frame.number, waiting.partition, commit));
  switch (outcome) {
    case store::Outcome::kCommitted:
      ++counts_.acknowledged;
      if (waiting.next == Step::kCopy) links_.push_back({Step::kCopy, waiting.peer, waiting.partition});
      if (waiting.next == Step::kDelivered) links_.push_back({Step::kDelivered, waiting.peer, waiting.partition});
      break;
    case store::Outcome::kUnavailable:
      ++counts_.unavailable;
      if (!faulty_) complaints_.add("a commit was answered 'unavailable' without a reason");
      break;
    case store::Outcome::kUnknown:
      if (!faulty_) complaints_.add("a commit was answered 'unknown' without a reason");
      return;  // The box stays as it is until the next life: busy for ever.
    default: break;
  }
  free(waiting.partition);
}

void Session::answered_page(Reader in, const Waiting& waiting) {
  store::Page page;
  page.version = in.number<std::uint64_t>();
  page.more = in.number<std::uint8_t>() != 0;
  for (auto left = in.number<std::uint32_t>(); left > 0; --left) {
    Bytes key = in.text();
    page.rows.push_back({std::move(key), in.text()});
  }
  if (checking_) {
    if (waiting.scan.from.empty()) {
      complaints_.add(truth_.settle(waiting.partition, page.version));
      ++checked_.partitions;
    }
    checked_.rows += page.rows.size();
  }
  ++counts_.reads;
  complaints_.add(truth_.read(waiting.partition, waiting.scan, page));
  if (checking_ && page.more && !page.rows.empty()) {
    Waiting next{.kind = Kind::kScan, .partition = waiting.partition, .scan = waiting.scan};
    next.scan.from = page.rows.back().key + Bytes(1, '\0');
    begin_scan(std::move(next));
  }
}

void Session::answered_down(const std::string& text, const Waiting& waiting) {
  ++counts_.down;
  if (checking_) {
    ++checked_.down;
    if (std::find(checked_.down_texts.begin(), checked_.down_texts.end(), text) == checked_.down_texts.end() &&
        checked_.down_texts.size() < 10) {
      checked_.down_texts.push_back(text);
    }
  }
  if (waiting.kind == Kind::kCommit) complaints_.add("a commit was answered with an exception: " + text);
  if (!faulty_ && !may_be_down_) complaints_.add("a read failed without a reason: " + text);
}

void Session::free(const Bytes& partition) {
  if (partition.empty()) return;
  if (read_beside_.erase(partition) > 0) {
    if (const auto held = held_.find(partition); held != held_.end()) {
      const auto answer = std::move(held->second);
      held_.erase(held);
      answered_commit(answer.first, answer.second);
    }
  }
  const auto busy = busy_.find(partition);
  if (busy != busy_.end() && --busy->second == 0) busy_.erase(busy);
}

void Session::wait_for(Ask ask, Waiting waiting, Bytes fields) {
  const auto number = truth_.next_number();
  if (!waiting.partition.empty()) ++busy_[waiting.partition];
  waiting_.emplace(number, std::move(waiting));
  victim_.ask(ask, number, std::move(fields));
}

void Session::begin_commit(Waiting waiting, const Change& change) {
  const auto number = truth_.next_number();
  truth_.asked(number, waiting.partition, change);
  Fields out;
  out.text(waiting.partition).number(change.expect).number(static_cast<std::uint8_t>(change.pending));
  out.number(static_cast<std::uint32_t>(change.erase_ranges.size()));
  for (const auto& range : change.erase_ranges) out.text(range.from).text(range.to);
  out.number(static_cast<std::uint32_t>(change.erase.size()));
  for (const auto& key : change.erase) out.text(key);
  out.number(static_cast<std::uint32_t>(change.puts.size()));
  for (const auto& [key, value] : change.puts) out.text(key).text(value.bytes());
  ++busy_[waiting.partition];
  waiting_.emplace(number, std::move(waiting));
  victim_.ask(Ask::kCommit, number, out.take());
}

void Session::begin_scan(Waiting waiting) {
  Fields out;
  out.text(waiting.partition).text(waiting.scan.from).text(waiting.scan.to);
  out.number(static_cast<std::uint8_t>(waiting.scan.reverse)).number(waiting.scan.limit).number(waiting.scan.size_max);
  wait_for(Ask::kScan, std::move(waiting), out.take());
}

void Session::begin_read_beside(const Bytes& partition) {
  Box& box = truth_.box(partition);
  read_beside_.insert(partition);
  if (workload_.chance(50)) {
    begin_scan({.kind = Kind::kScan, .partition = partition, .scan = workload_.scan(box)});
    return;
  }
  Waiting waiting{.kind = Kind::kGet, .partition = partition, .keys = workload_.keys(box)};
  Fields out;
  out.text(partition).number(static_cast<std::uint32_t>(waiting.keys.size()));
  for (const auto& key : waiting.keys) out.text(key);
  wait_for(Ask::kGet, std::move(waiting), out.take());
}

void Session::begin(const Link& link) {
  const Box& box = truth_.box(link.partition);
  if (link.step == Step::kCopy) {
    Waiting waiting{.partition = link.partition, .next = Step::kDelivered, .peer = link.peer};
    begin_commit(std::move(waiting), workload_.copy(box, link.peer));
  } else {
    begin_commit({.partition = link.partition}, workload_.delivered(box));
  }
}

void Session::begin_any() {
  const Bytes partition = workload_.any_partition();
  if (busy_.contains(partition)) return;
  const Box& box = truth_.box(partition);
  const auto kind = random_.below(100);
  if (kind < 55) {
    Waiting waiting{.partition = partition, .next = Step::kCopy, .peer = workload_.any_partition()};
    const Change change = workload_.message(box, waiting.peer);
    if (waiting.peer == partition) waiting.next = Step::kNone;
    begin_commit(std::move(waiting), change);
  } else if (kind < 82) {
    begin_commit({.partition = partition}, workload_.other(box));
  } else if (kind < 86) {
    const Change stale = workload_.stale(box);
    begin_commit({.kind = Kind::kStale, .partition = partition}, stale);
  } else if (kind < 88) {
    Waiting waiting{.kind = Kind::kPutBlob, .partition = partition};
    const auto size = workload_.chance(10) ? random_.below(300 << 10) : random_.below(8 << 10);
    waiting.blob = workload_.value(1 + static_cast<std::uint32_t>(size));
    // The same contents again make no second blob.
    if (!truth_.blobs().empty() && (workload_.chance(10) || truth_.blobs().size() >= kBlobsMax)) {
      waiting.blob = std::next(truth_.blobs().begin(), static_cast<long>(random_.below(truth_.blobs().size())))->second;
    }
    waiting.peer = truth_.blob_asked(waiting.blob);
    Fields out;
    out.text(waiting.blob.bytes());
    wait_for(Ask::kPutBlob, std::move(waiting), out.take());
    return;
  } else {
    begin_read_beside(partition);
    return;
  }
  if (workload_.chance(15)) begin_read_beside(partition);
}

void Session::fill(std::size_t window) {
  for (auto tries = 2 * window; tries > 0 && waiting_.size() < window; --tries) {
    const auto ready = std::find_if(links_.begin(), links_.end(),
                                    [this](const auto& link) { return !busy_.contains(link.partition); });
    if (ready == links_.end()) {
      if (links_.size() < 4 * window) begin_any();
      continue;
    }
    const Link link = std::move(*ready);
    links_.erase(ready);
    begin(link);
  }
}

bool Session::work(std::size_t window, const std::function<bool()>& enough) {
  while (!enough()) {
    fill(window);
    if (!pump(milliseconds(20))) return false;
  }
  return true;
}

bool Session::drain() {
  while (!waiting_.empty()) {
    if (!pump(milliseconds(100))) return false;
  }
  return !dead_;
}

void Session::compare_pending(const std::vector<Bytes>& names, std::uint32_t bucket) {
  std::set<Bytes> expected;
  for (const auto& [partition, box] : truth_.boxes()) {
    if (store::bucket_of(partition) != bucket) continue;
    if (box.asked) continue;  // Its rows could not be read: nobody knows.
    if (box.pending) expected.insert(partition);
  }
  std::set<Bytes> found;
  for (const auto& name : names) {
    const auto box = truth_.boxes().find(name);
    if (box != truth_.boxes().end() && box->second.asked) continue;
    if (!found.insert(name).second) complaints_.add("a partition is twice in a pending list");
    if (!expected.contains(name)) complaints_.add("partition " + to_hex(name) + " is pending and must not be");
  }
  for (const auto& name : expected) {
    if (!found.contains(name)) complaints_.add("partition " + to_hex(name) + " is not in its pending list");
  }
}

void Session::next_check() {
  if (!partitions_left_.empty()) {
    Waiting waiting{.kind = Kind::kScan, .partition = std::move(partitions_left_.front())};
    partitions_left_.pop_front();
    waiting.scan = {.from = {}, .to = key_end(), .limit = 500};
    begin_scan(std::move(waiting));
  } else if (!blobs_left_.empty()) {
    Waiting waiting{.kind = Kind::kGetBlob, .peer = std::move(blobs_left_.front())};
    blobs_left_.pop_front();
    Fields out;
    out.text(waiting.peer);
    wait_for(Ask::kGetBlob, std::move(waiting), out.take());
  } else if (!std::exchange(listed_blobs_, true)) {
    wait_for(Ask::kListBlobs, {.kind = Kind::kListBlobs}, {});
  }
}

Session::Checked Session::check(bool may_be_down) {
  checking_ = true;
  may_be_down_ = may_be_down;
  checked_ = {};
  listed_blobs_ = false;
  for (const auto& [partition, box] : truth_.boxes()) partitions_left_.push_back(partition);
  for (const auto& [id, content] : truth_.blobs()) blobs_left_.push_back(id);
  for (auto left = 256 + partitions_left_.size() + blobs_left_.size(); left > 0 && !dead_;) {
    while (left > 0 && waiting_.size() < kCheckWindow) {
      next_check();
      --left;
    }
    pump(milliseconds(100));
  }
  drain();
  // Only now is it known which of the unanswered commits are there.
  for (std::uint32_t bucket = 0; bucket < store::kBuckets && !dead_; ++bucket) {
    Fields out;
    out.number(bucket);
    wait_for(Ask::kPending, {.kind = Kind::kPending, .bucket = bucket}, out.take());
    if (waiting_.size() >= kCheckWindow) pump(milliseconds(100));
  }
  checked_.finished = drain();
  checking_ = false;
  return checked_;
}

}  // namespace helio::crash
