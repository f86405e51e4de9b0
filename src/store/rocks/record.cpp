#include "store/rocks/record.h"

#include "base/assert.h"
#include "store/limits.h"

namespace helio::store::rocks {

namespace {

constexpr std::size_t kFlagsAt = 8;
constexpr std::size_t kFixedSize = kFlagsAt + 1 + 3 * 2;
constexpr unsigned char kPending = 1, kWasPending = 2;

static_assert(kBatchChangesMax <= 0xffff && kKeySizeMax <= 0xffff && kPartitionSizeMax <= 0xff);

// Writes into memory that was made large enough before.
class Pen {
 public:
  explicit Pen(char* at) : at_(at) {}

  template <class T>
  void number(T value) {
    store_le(at_, value);
    at_ += sizeof value;
  }
  template <class Size>
  void sized(View bytes) {
    number(static_cast<Size>(bytes.size()));
    std::memcpy(at_, bytes.data(), bytes.size());
    at_ += bytes.size();
  }
  const char* at() const { return at_; }

 private:
  char* at_;
};

// Reads what may be damaged; after the first step beyond the end everything is empty.
class Walk {
 public:
  explicit Walk(View bytes) : at_(bytes.data()), left_(bytes.size()) {}

  template <class T>
  T number() {
    const View bytes = take(sizeof(T));
    return bytes.size() == sizeof(T) ? load_le<T>(bytes.data()) : T{};
  }
  View take(std::size_t size) {
    if (size > left_) {
      good_ = false;
      left_ = 0;
      return {};
    }
    const View bytes(at_, size);
    at_ += size;
    left_ -= size;
    return bytes;
  }
  void skip_key() { take(number<std::uint16_t>()); }
  void skip_value() { take(number<std::uint32_t>()); }

  const char* at() const { return at_; }
  bool good() const { return good_; }
  bool at_end() const { return good_ && left_ == 0; }

 private:
  const char* at_;
  std::size_t left_;
  bool good_ = true;
};

}  // namespace

Bytes encode_record(const Batch& batch) {
  std::size_t size = kFixedSize + 1 + size_of(batch);
  size += batch.erase_ranges.size() * 4 + batch.erase.size() * 2 + batch.puts.size() * 6;

  Bytes record(size, '\0');
  Pen pen(record.data());
  pen.number<std::uint64_t>(batch.expect + 1);
  pen.number<std::uint8_t>(batch.pending ? kPending : 0);
  pen.number(static_cast<std::uint16_t>(batch.erase_ranges.size()));
  pen.number(static_cast<std::uint16_t>(batch.erase.size()));
  pen.number(static_cast<std::uint16_t>(batch.puts.size()));
  pen.sized<std::uint8_t>(batch.partition);
  for (const Range& range : batch.erase_ranges) {
    pen.sized<std::uint16_t>(range.from);
    pen.sized<std::uint16_t>(range.to);
  }
  for (const Bytes& key : batch.erase) pen.sized<std::uint16_t>(key);
  for (const Put& put : batch.puts) {
    pen.sized<std::uint16_t>(put.key);
    pen.sized<std::uint32_t>(put.value);
  }
  ASSERT(pen.at() == record.data() + record.size());
  return record;
}

void Record::set_was_pending(char* bytes, bool was_pending) {
  const auto flags = static_cast<unsigned char>(bytes[kFlagsAt]);
  bytes[kFlagsAt] = static_cast<char>(was_pending ? flags | kWasPending : flags & ~kWasPending);
  was_pending_ = was_pending;
}

Record Record::moved(View bytes, const char* copy) const {
  Record record = *this;
  record.partition_ = View(copy + (partition_.data() - bytes.data()), partition_.size());
  record.changes_ = copy + (changes_ - bytes.data());
  return record;
}

std::optional<Record> Record::read(View bytes) {
  Walk walk(bytes);
  Record record;
  record.head_.version = walk.number<std::uint64_t>();
  const auto flags = walk.number<std::uint8_t>();
  record.head_.pending = (flags & kPending) != 0;
  record.was_pending_ = (flags & kWasPending) != 0;
  record.ranges_ = walk.number<std::uint16_t>();
  record.erases_ = walk.number<std::uint16_t>();
  record.puts_ = walk.number<std::uint16_t>();
  record.partition_ = walk.take(walk.number<std::uint8_t>());
  record.changes_ = walk.at();
  for (int i = 0; i < 2 * record.ranges_ + record.erases_ && walk.good(); ++i) walk.skip_key();
  for (int i = 0; i < record.puts_ && walk.good(); ++i) {
    walk.skip_key();
    walk.skip_value();
  }
  if (!walk.at_end() || record.partition_.empty()) return std::nullopt;
  if (flags > (kPending | kWasPending) || record.partition_.size() > kPartitionSizeMax) return std::nullopt;
  return record;
}

}  // namespace helio::store::rocks
