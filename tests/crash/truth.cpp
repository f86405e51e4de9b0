#include "truth.h"

#include <unistd.h>

#include <stdexcept>

#include "crypto/sha.h"

namespace helio::crash {

namespace {

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::string show(const Bytes& partition, const Box& box) {
  std::string out = "partition " + to_hex(partition) + " (version " + std::to_string(box.version);
  if (box.asked) out += ", one commit unanswered";
  return out + ")";
}

std::string compare(View key, const Value& expected, View value) {
  if (expected.is(value)) return {};
  std::string out = "row " + to_hex(key) + " must be " + std::to_string(expected.size) + " bytes of seed " +
                    std::to_string(expected.seed) + ", and is " + std::to_string(value.size()) + " bytes";
  if (value.size() >= 8) out += " of seed " + std::to_string(load_le<std::uint64_t>(value.data()));
  return out;
}

// The page must be the beginning of what the rows have in the range, and say whether it is all.
std::string compare(const Rows& rows, const store::Scan& scan, const store::Page& page) {
  if (page.rows.size() > scan.limit) return "a page has more rows than its limit";
  auto first = rows.lower_bound(scan.from), last = rows.lower_bound(std::max(scan.from, scan.to));
  for (const auto& row : page.rows) {
    if (first == last) return "row " + to_hex(row.key) + " was never asked for, or was erased";
    const auto& [key, value] = scan.reverse ? *--last : *first++;
    if (key != row.key) return "row " + to_hex(key) + " is missing, or out of order: " + to_hex(row.key) + " is there";
    if (auto complaint = compare(key, value, row.value); !complaint.empty()) return complaint;
  }
  if (page.more && page.rows.empty()) return "a page is empty although there is more";
  if (page.more && first == last) return "a page promises more rows than there are";
  if (!page.more && first != last) {
    const auto& missing = scan.reverse ? *std::prev(last) : *first;
    return std::to_string(std::distance(first, last)) + " rows are missing, beginning with " + to_hex(missing.first);
  }
  return {};
}

std::string compare(const Rows& rows, const std::vector<Bytes>& keys, const store::Values& values) {
  if (values.values.size() != keys.size()) return "the answer has another number of values";
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto row = rows.find(keys[i]);
    if (row == rows.end()) {
      if (values.values[i]) return "row " + to_hex(keys[i]) + " was never asked for, or was erased";
    } else if (!values.values[i]) {
      return "row " + to_hex(keys[i]) + " is missing";
    } else if (auto complaint = compare(row->first, row->second, *values.values[i]); !complaint.empty()) {
      return complaint;
    }
  }
  return {};
}

// What a read may have seen: the acknowledged rows, or those with what was in flight.
template <class What, class Answer>
std::string compare_any(const Bytes& partition, Box& box, const What& what, const Answer& answer) {
  std::string complaint;
  if (answer.version == box.version) {
    complaint = compare(box.rows, what, answer);
  } else if (box.asked && answer.version == box.version + 1) {
    box.shown = true;
    Rows rows = box.rows;
    box.asked->apply(rows);
    complaint = compare(rows, what, answer);
  } else {
    complaint = "a read shows version " + std::to_string(answer.version);
  }
  return complaint.empty() ? complaint : show(partition, box) + ": " + complaint;
}

}  // namespace

Bytes Value::bytes() const {
  Bytes out(size + 8, '\0');
  store_le(out.data(), seed);
  std::uint64_t state = seed;
  for (std::size_t at = 8; at < size; at += 8) store_le(out.data() + at, mix(state += 0x9e3779b97f4a7c15));
  out.resize(size);
  return out;
}

bool Value::is(View other) const {
  return other.size() == size && other == bytes();
}

void Change::apply(Rows& rows) const {
  for (const auto& range : erase_ranges) {
    if (range.from < range.to) rows.erase(rows.lower_bound(range.from), rows.lower_bound(range.to));
  }
  for (const auto& key : erase) rows.erase(key);
  for (const auto& [key, value] : puts) rows[key] = value;
}

Truth::Truth(const std::filesystem::path& file) : file_(std::fopen(file.c_str(), "ae")) {
  if (!file_) throw std::runtime_error("the journal of truth " + file.string() + " cannot be written");
}

Truth::~Truth() {
  std::fclose(file_);
}

void Truth::note(const std::string& line) {
  std::fprintf(file_, "%s\n", line.c_str());
}

void Truth::flush() {
  if (std::fflush(file_) != 0 || ::fdatasync(::fileno(file_)) != 0)
    throw std::runtime_error("the truth is not durable");
}

void Truth::asked(std::uint64_t number, const Bytes& partition, const Change& change) {
  std::string line = "ask " + std::to_string(number) + " " + to_hex(partition) + " expect " +
                     std::to_string(change.expect) + (change.pending ? " pending" : "");
  for (const auto& range : change.erase_ranges) line += " -" + to_hex(range.from) + ".." + to_hex(range.to);
  for (const auto& key : change.erase) line += " -" + to_hex(key);
  for (const auto& [key, value] : change.puts) {
    line += " +" + to_hex(key) + "=" + std::to_string(value.seed) + ":" + std::to_string(value.size);
  }
  note(line);
  Box& box = boxes_[partition];
  if (change.expect != box.version) return;  // Stale on purpose: it may change nothing.
  box.asked = change;
  box.shown = false;
}

std::string Truth::answered(std::uint64_t number, const Bytes& partition, store::Commit commit) {
  note("told " + std::to_string(number) + " outcome " + std::to_string(static_cast<int>(commit.outcome)) + " version " +
       std::to_string(commit.version));
  Box& box = boxes_[partition];
  switch (commit.outcome) {
    case store::Outcome::kCommitted: {
      if (commit.version != box.version + 1) {
        return show(partition, box) + ": a commit was answered with version " + std::to_string(commit.version);
      }
      box.asked->apply(box.rows);
      box.pending = box.asked->pending;
      ++box.version;
      box.asked.reset();
      box.shown = false;
      return {};
    }
    case store::Outcome::kConflict: return show(partition, box) + ": a commit of the current version was in conflict";
    case store::Outcome::kUnavailable: {
      if (box.shown) return show(partition, box) + ": a commit that a read showed was answered 'unavailable'";
      box.asked.reset();
      return {};
    }
    case store::Outcome::kUnknown: return {};  // As if unanswered: settle() decides.
  }
  return show(partition, box) + ": a commit was answered with an outcome that does not exist";
}

std::string Truth::answered_stale(std::uint64_t number, const Bytes& partition, store::Commit commit) {
  note("told " + std::to_string(number) + " outcome " + std::to_string(static_cast<int>(commit.outcome)));
  const Box& box = boxes_[partition];
  if (commit.outcome == store::Outcome::kCommitted) return show(partition, box) + ": a stale batch was committed";
  if (commit.outcome == store::Outcome::kConflict && commit.version != 0 && commit.version != box.version) {
    return show(partition, box) + ": a conflict was answered with version " + std::to_string(commit.version);
  }
  return {};
}

std::string Truth::read(const Bytes& partition, const store::Scan& scan, const store::Page& page) {
  return compare_any(partition, boxes_[partition], scan, page);
}

std::string Truth::read(const Bytes& partition, const std::vector<Bytes>& keys, const store::Values& values) {
  return compare_any(partition, boxes_[partition], keys, values);
}

std::string Truth::settle(const Bytes& partition, std::uint64_t version) {
  Box& box = boxes_[partition];
  std::string complaint;
  if (version == box.version) {
    if (box.shown) complaint = show(partition, box) + ": a commit that a read had shown is lost";
  } else if (box.asked && version == box.version + 1) {
    box.asked->apply(box.rows);
    box.pending = box.asked->pending;
    ++box.version;
  } else {
    complaint = show(partition, box) + ": has version " + std::to_string(version) + " after the crash: " +
                (version < box.version ? std::to_string(box.version - version) + " acknowledged commits are lost"
                                       : "more than was asked for");
  }
  box.asked.reset();
  box.shown = false;
  return complaint;
}

Bytes Truth::blob_asked(Value content) {
  const auto hash = crypto::sha256(content.bytes());
  Bytes id(reinterpret_cast<const char*>(hash.data()), hash.size());
  note("ask blob " + to_hex(id) + "=" + std::to_string(content.seed) + ":" + std::to_string(content.size));
  blobs_asked_.insert(id);
  return id;
}

std::string Truth::blob_answered(const Bytes& id, const Bytes& answer, Value content) {
  note("told blob " + to_hex(answer));
  if (id != answer) return "blob " + to_hex(id) + " was answered as " + to_hex(answer);
  blobs_[id] = content;
  return {};
}

std::string Truth::blob_read(const Bytes& id, View content) const {
  const auto blob = blobs_.find(id);
  if (blob == blobs_.end() || blob->second.is(content)) return {};
  return "blob " + to_hex(id) + (content.empty() ? " is missing" : " has other contents");
}

}  // namespace helio::crash
