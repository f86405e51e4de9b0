#include "store/rocks/record.h"

#include <limits>

#include "gtest/gtest.h"

namespace helio::store::rocks {

namespace {

Batch example() {
  Batch batch{.partition = "u1", .expect = 6};
  batch.erase_ranges = {{"a", "c"}, {"", ""}};
  batch.erase = {"", Bytes(kKeySizeMax, 'e')};
  batch.puts = {{"", "empty key"}, {Bytes("k\0", 2), ""}, {Bytes(kKeySizeMax, 'k'), Bytes(1'000, 'v')}};
  batch.pending = true;
  return batch;
}

std::string to_text(const Record& record) {
  std::string text = Bytes(record.partition()) + " " + std::to_string(record.head().version);
  text += record.head().pending ? " pending" : "";
  text += record.was_pending() ? " was_pending" : "";
  const auto quoted = [](View bytes) { return "'" + Bytes(bytes) + "'"; };
  record.each([&](View from, View to) { text += " -" + quoted(from) + quoted(to); },
              [&](View key) { text += " -" + quoted(key); },
              [&](View key, View value) {
                text += " +" + quoted(key) + quoted(value);
                EXPECT_EQ(value_behind(key), value);
              });
  return text;
}

// Memory of exactly this size: one byte read beyond it is found by AddressSanitizer.
std::optional<std::string> read(View bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  const auto record = Record::read({exact.data(), exact.size()});
  return record ? std::optional(to_text(*record)) : std::nullopt;
}

}  // namespace

TEST(Record, KeepsABatch) {
  const Bytes keys(kKeySizeMax, 'k'), erased(kKeySizeMax, 'e');
  const Bytes bytes = encode_record(example());
  EXPECT_EQ(read(bytes), "u1 7 pending -'a''c' -'''' -'' -'" + erased + "' +'''empty key' +'" + Bytes("k\0", 2) +
                             "''' +'" + keys + "''" + Bytes(1'000, 'v') + "'");
  EXPECT_EQ(Record::read(bytes)->changes(), 7u);
  EXPECT_EQ(read(encode_record({.partition = "u"})), "u 1");
  const Bytes longest(kPartitionSizeMax, '\xff');
  EXPECT_EQ(read(encode_record({.partition = longest, .expect = std::numeric_limits<std::uint64_t>::max()})),
            longest + " 0");
}

TEST(Record, KeepsTheMostChanges) {
  Batch batch{.partition = "u"};
  for (std::size_t i = 0; i < kBatchChangesMax; ++i) batch.puts.push_back({std::to_string(i), "v"});
  const Bytes bytes = encode_record(batch);
  std::size_t i = 0;
  Record::read(bytes)->each([](View, View) { FAIL(); }, [](View) { FAIL(); },
                            [&](View key, View) { EXPECT_EQ(key, std::to_string(i++)); });
  EXPECT_EQ(i, kBatchChangesMax);
}

TEST(Record, IsTheSameInACopy) {
  Bytes bytes = encode_record(example());
  const auto record = Record::read(bytes);
  Bytes copy = bytes;
  Record moved = record->moved(bytes, copy.data());
  const std::string text = to_text(*record);
  bytes.assign(bytes.size(), '?');
  EXPECT_EQ(to_text(moved), text);
  moved.set_was_pending(copy.data(), true);
  EXPECT_TRUE(Record::read(copy)->was_pending());
  moved.set_was_pending(copy.data(), false);
  EXPECT_EQ(read(copy), text);
}

TEST(Record, RefusesWhatIsNone) {
  const Bytes bytes = encode_record(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_EQ(read(View(bytes).substr(0, size)), std::nullopt);
  EXPECT_EQ(read(bytes + '\0'), std::nullopt);
  EXPECT_EQ(read(bytes + bytes), std::nullopt);
  EXPECT_EQ(read(encode_record({.partition = ""})), std::nullopt);
  Bytes flags = bytes;
  flags[8] = 4;
  EXPECT_EQ(read(flags), std::nullopt);
  // A name that is too long, in a record that is whole.
  Bytes name = encode_record({.partition = Bytes(kPartitionSizeMax, 'u')});
  name[15] = static_cast<char>(kPartitionSizeMax + 1);
  EXPECT_EQ(read(name + 'u'), std::nullopt);
}

TEST(Record, ReadsDamagedBytesWithinTheirBounds) {
  const Bytes bytes = encode_record(example());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const char damage : {'\x01', '\x80', '\xff'}) {
      Bytes damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ damage);
      // Another record, or none; never one that is longer than its bytes.
      EXPECT_LT(read(damaged).value_or("").size(), 4 * bytes.size());
    }
  }
}

}  // namespace helio::store::rocks
