#include "store/rocks/journal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xxhash.h>

#include <atomic>
#include <fstream>
#include <map>
#include <mutex>
#include <set>

#include "base/random.h"
#include "store/kv.h"
#include "store/rocks/journal_format.h"
#include "store/rocks/record.h"
#include "store/testing/scratch.h"

// The disk of this program: calls go on to the kernel, unless a test says which one fails.
namespace {
std::atomic<int> calls_left = 0;  // The call with which this gets to 0 fails with `call_error`; 0 = none does.
std::atomic<int> call_error = EIO;
std::atomic<std::uint64_t> calls_made = 0;
std::atomic<std::uint64_t> flushes = 0, forgotten = 0;
std::atomic<std::size_t> write_max = SIZE_MAX;  // Longer writes are short ones.
std::atomic<bool> flushes_cost_nothing = false;

// What was done to the disk, in order, while a test wants to know.
std::atomic<bool> calls_are_kept = false;
std::mutex calls_mutex;
std::vector<std::string> calls;

void keep(const std::string& call) {
  if (!calls_are_kept) return;
  const std::lock_guard lock(calls_mutex);
  calls.push_back(call);
}
std::string name_of(int file) {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), error).filename().string();
}

bool fails_now() {
  ++calls_made;
  int left = calls_left.load();
  while (left > 0 && !calls_left.compare_exchange_weak(left, left - 1)) {
  }
  if (left != 1) return false;
  errno = call_error;
  return true;
}
}  // namespace

extern "C" {
ssize_t pwrite(int file, const void* from, size_t size, off_t at) {
  if (fails_now()) return -1;
  if (calls_are_kept) keep("write " + name_of(file) + " " + std::to_string(at));
  return ::syscall(SYS_pwrite64, file, from, std::min(size, write_max.load()), at);
}
int fdatasync(int file) {
  ++flushes;
  if (fails_now()) return -1;
  if (calls_are_kept) keep("flush " + name_of(file));
  return flushes_cost_nothing ? 0 : static_cast<int>(::syscall(SYS_fdatasync, file));
}
int fsync(int file) {
  if (fails_now()) return -1;
  if (calls_are_kept) keep("flush " + name_of(file));
  return flushes_cost_nothing ? 0 : static_cast<int>(::syscall(SYS_fsync, file));
}
int fallocate(int file, int mode, off_t from, off_t size) {
  if (fails_now()) return -1;
  return static_cast<int>(::syscall(SYS_fallocate, file, mode, from, size));
}
int rename(const char* from, const char* to) noexcept {
  if (fails_now()) return -1;
  if (calls_are_kept) keep("rename to " + std::filesystem::path(to).filename().string());
  return static_cast<int>(::syscall(SYS_rename, from, to));
}
int posix_fadvise(int file, off_t from, off_t size, int advice) noexcept {
  ++forgotten;
  return static_cast<int>(::syscall(SYS_fadvise64, file, from, size, advice));
}
}

namespace helio::store::rocks {

namespace {

namespace fs = std::filesystem;
using journal::kBlock;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Bytes read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const fs::path& path, View bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

// A directory of a test's own.
class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    Bytes name = (scratch_folder() / "journal_test.XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~JournalTest() override {
    calls_left = 0;
    write_max = SIZE_MAX;
    fs::remove_all(folder_);
  }

  fs::path directory() const { return folder_ / "journal"; }
  fs::path segment(unsigned number) const {
    return directory() / ("000000000000000" + std::to_string(number) + ".seg");
  }

  // Opens, and keeps what was replayed.
  Journal open(std::uint64_t folded = 0) { return open(directory(), folded); }
  Journal open(const fs::path& path, std::uint64_t folded = 0) {
    replayed_.clear();
    options_.directory = path;
    return Journal(options_, folded, [&](std::uint64_t sequence, View record) {
      ASSERT_EQ(sequence, folded + replayed_.size() + 1);
      replayed_.emplace_back(record);
    });
  }
  std::string refusal(std::uint64_t folded = 0) {
    try {
      open(folded);
    } catch (const OpenError& error) {
      return error.what();
    }
    return "opened";
  }

  // False: no room.
  static bool append(Journal& journal, const std::vector<Bytes>& records) {
    const std::vector<View> views(records.begin(), records.end());
    std::size_t size = 0;
    for (const View view : views) size += view.size();
    if (!journal.has_room(views.size(), size)) return false;
    journal.append(views);
    return true;
  }
  // `count` groups of one record each, which is its sequence and some filling.
  static void append_some(Journal& journal, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) ASSERT_TRUE(append(journal, {record(journal.last() + 1)}));
  }
  static Bytes record(std::uint64_t sequence) { return std::to_string(sequence) + Bytes(100, '.'); }
  static std::vector<Bytes> records(std::uint64_t from, std::uint64_t to) {
    std::vector<Bytes> all;
    for (; from <= to; ++from) all.push_back(record(from));
    return all;
  }

  std::set<std::string> names() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory())) names.insert(entry.path().filename());
    return names;
  }

  fs::path folder_;
  Journal::Options options_{.directory = {}, .segment_size = 4 * kBlock};
  std::vector<Bytes> replayed_;
};

TEST_F(JournalTest, RecordsComeBackInOrderAfterWhatIsFolded) {
  {
    Journal journal = open();
    EXPECT_EQ(journal.last(), 0u);
    ASSERT_TRUE(append(journal, {"one", "", "three"}));
    ASSERT_TRUE(append(journal, {Bytes(5000, 'x')}));
    EXPECT_EQ(journal.last(), 4u);
    EXPECT_EQ(journal.size().segments, 1u);
    EXPECT_EQ(journal.size().unfolded, 3 * kBlock);
  }
  EXPECT_EQ(open().last(), 4u);
  EXPECT_THAT(replayed_, ElementsAre("one", "", "three", Bytes(5000, 'x')));
  EXPECT_EQ(open(2).last(), 4u);
  EXPECT_THAT(replayed_, ElementsAre("three", Bytes(5000, 'x')));
  EXPECT_EQ(open(4).last(), 4u);
  EXPECT_THAT(replayed_, IsEmpty());
}

TEST_F(JournalTest, GoesOnWhereItEndedAcrossSegments) {
  for (std::uint64_t round = 0; round < 5; ++round) {
    Journal journal = open();
    EXPECT_EQ(replayed_, records(1, 2 * round));
    append_some(journal, 2);
  }
  Journal journal = open();
  EXPECT_EQ(replayed_, records(1, 10));
  EXPECT_EQ(journal.size().segments, 4u) << "three groups of a block each fit into one segment";
}

TEST_F(JournalTest, AGroupFillsASegmentToItsLastByteAndNoMore) {
  const std::size_t most = 3 * kBlock - journal::kGroupHeaderSize - journal::kLengthSize;
  {
    Journal journal = open();
    for (const std::size_t size : {most, std::size_t{1}, most - kBlock + 1}) {
      ASSERT_TRUE(append(journal, {Bytes(size, 'a')}));
    }
    EXPECT_EQ(journal.size().segments, 3u);
  }
  EXPECT_EQ(open().last(), 3u);
}

TEST_F(JournalTest, AGroupLargerThanASegmentGetsOneThatIsLargeEnough) {
  const std::vector<Bytes> groups{record(1), Bytes(5 * kBlock, 'b'), record(3), Bytes(3 * kBlock, 'd')};
  {
    Journal journal = open();
    for (const Bytes& group : groups) ASSERT_TRUE(append(journal, {group}));
    EXPECT_EQ(journal.size().segments, 4u);
    EXPECT_EQ(fs::file_size(segment(2)), 7 * kBlock);
    EXPECT_EQ(fs::file_size(segment(3)), 4 * kBlock) << "the others stay as they are";
  }
  EXPECT_EQ(open().last(), 4u);
  EXPECT_EQ(replayed_, groups);
}

TEST_F(JournalTest, WhatWasMadeLargerInVainIsNoSpare) {
  std::size_t refused = 0;
  for (int call = 1; call <= 10; ++call) {
    SCOPED_TRACE(call);
    const fs::path path = folder_ / std::to_string(call);
    {
      Journal journal = open(path);
      call_error = ENOSPC;
      calls_left = call;
      try {
        refused += journal.has_room(1, 6 * kBlock) ? 0 : 1;
      } catch (const JournalFailed&) {
        calls_left = 0;
        continue;  // The flush of a directory, or of the mark.
      }
      calls_left = 0;
      append_some(journal, 4);
    }
    EXPECT_EQ(open(path).last(), 4u);
  }
  EXPECT_GE(refused, 6u);
  call_error = EIO;
}

TEST_F(JournalTest, AnySegmentSizeWillDo) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, 2 * kBlock + 1}) {
    const fs::path path = folder_ / std::to_string(size);
    options_.segment_size = size;
    {
      Journal journal = open(path);
      append_some(journal, 5);
    }
    EXPECT_EQ(open(path).last(), 5u) << size;
  }
}

TEST_F(JournalTest, WritesThatComeShortGoOn) {
  write_max = 1000;
  {
    Journal journal = open();
    append_some(journal, 5);
  }
  EXPECT_EQ(open().last(), 5u);
  EXPECT_EQ(replayed_, records(1, 5));
}

TEST_F(JournalTest, AChangedSegmentSizeHoldsForNewOnes) {
  {
    Journal journal = open();
    append_some(journal, 2);
  }
  options_.segment_size = 8 * kBlock;
  {
    Journal journal = open();
    append_some(journal, 2);
    EXPECT_EQ(fs::file_size(segment(1)), 4 * kBlock);
    EXPECT_EQ(fs::file_size(segment(2)), 8 * kBlock);
    ASSERT_TRUE(append(journal, {Bytes(6 * kBlock, 'b')}));
  }
  EXPECT_EQ(open().last(), 5u);
}

TEST_F(JournalTest, ReleasedSegmentsAreUsedAgainAndNeverReplayed) {
  std::atomic<int> made = 0, recycled = 0;
  options_.reached = [&](View point) {
    if (point == "journal.spare_made") ++made;
    if (point == "journal.recycled") recycled.fetch_add(1), recycled.notify_all();
  };
  const auto recycle = [&](Journal& journal, std::uint64_t up_to) {
    const int before = recycled;
    journal.release(up_to);
    recycled.wait(before);
  };
  {
    Journal journal = open();
    append_some(journal, 9);
    journal.release(2);
    EXPECT_EQ(journal.size().segments, 3u) << "record 3 is in the first one";
    recycle(journal, 9);
    EXPECT_EQ(journal.size().segments, 1u) << "the one in use stays";
    const int before = made;
    append_some(journal, 6);
    EXPECT_LE(made, before + 1) << "at most the one that was prepared meanwhile";
    EXPECT_FALSE(fs::exists(segment(2)));
  }
  open(9);
  EXPECT_EQ(replayed_, records(10, 15));
  EXPECT_THAT(refusal(5), AllOf(HasSubstr("0000000000000002.seg is missing"), HasSubstr("records 6 to 6"),
                                HasSubstr("restore the store from a backup")));
}

TEST_F(JournalTest, NoMoreSparesAreKeptThanAllowed) {
  std::atomic<int> recycled = 0;
  options_.reached = [&](View point) {
    if (point == "journal.recycled") recycled.fetch_add(1), recycled.notify_all();
  };
  {
    Journal journal = open();
    append_some(journal, 30);
    journal.release(30);
    recycled.wait(0);
  }
  const auto all = names();
  EXPECT_LE(all.size(), 2u + 1 + 1) << "spares, the segment in use, the mark";
  EXPECT_EQ(open(30).last(), 30u);
}

TEST_F(JournalTest, SegmentsThatTurnUpAgainAfterTheirReleaseAreNotLookedAt) {
  Bytes released;
  {
    Journal journal = open();
    append_some(journal, 9);
    released = read_file(segment(1));
    journal.release(9);
  }
  released[5000] ^= 1;
  write_file(segment(1), released);
  EXPECT_EQ(open(8).last(), 9u);
  EXPECT_EQ(replayed_, records(9, 9));
}

// What a torn write leaves: any of its blocks.
class JournalTornTest : public JournalTest {
 protected:
  // A journal of six records in two segments, then a last group that is not marked.
  void make(const std::vector<Bytes>& last_group) {
    Journal journal = open();
    append_some(journal, 4);
    journal.mark();
    before_ = read_file(segment(2));
    ASSERT_TRUE(append(journal, last_group));
    after_ = read_file(segment(2));
    mark_ = read_file(directory() / "durable");
  }
  // The journal as it was, but with this second segment.
  void put(View bytes) const {
    write_file(segment(2), bytes);
    write_file(directory() / "durable", mark_);
  }
  Bytes before_, after_, mark_;
  static constexpr std::size_t kTornAt = 2 * kBlock;
};

TEST_F(JournalTornTest, ALastGroupCutAtAnyByteIsDroppedAlone) {
  make({Bytes(300, 'a'), Bytes(200, 'b')});
  const std::size_t end = kTornAt + journal::kGroupHeaderSize + 2 * journal::kLengthSize + 500;
  for (std::size_t cut = kTornAt; cut < end; ++cut) {
    SCOPED_TRACE(cut);
    put(Bytes(after_).replace(cut, Bytes::npos, after_.size() - cut, '\0'));
    ASSERT_EQ(open().last(), 4u);
    ASSERT_EQ(replayed_, records(1, 4));
  }
  put(after_);
  EXPECT_EQ(open().last(), 6u);
}

TEST_F(JournalTornTest, AnyOfItsBlocksMayBeMissing) {
  make({Bytes(4000, 'a'), Bytes(3000, 'b')});
  for (std::size_t present = 0; present < 4; ++present) {
    SCOPED_TRACE(present);
    Bytes torn = before_;
    for (std::size_t block = 0; block < 2; ++block) {
      if ((present >> block & 1) != 0)
        torn.replace(kTornAt + block * kBlock, kBlock, after_, kTornAt + block * kBlock, kBlock);
    }
    put(torn);
    ASSERT_EQ(open().last(), present == 3 ? 6u : 4u);
  }
}

TEST_F(JournalTornTest, WhatAUserSentNeverPassesForAGroup) {
  {
    Journal journal = open();
    append_some(journal, 4);
  }
  // The torn group's second block looks like one that follows the group which is written over its first block. Only the
  // salt of the segment is not known to those who send.
  const auto salt = load_le<std::uint64_t>(read_file(segment(2)).data() + 48);
  const Bytes mark = read_file(directory() / "durable");
  for (const bool is_known : {false, true}) {
    SCOPED_TRACE(is_known);
    const View tail = "forged";
    Bytes forged(kBlock, '\0');
    journal::encode_group({&tail, 1}, 6, is_known ? salt : salt + 1, {forged.data(), forged.size()});
    const View sent = forged;
    Bytes torn(2 * kBlock, '\0');
    const Bytes record = Bytes(kBlock - journal::kGroupHeaderSize - journal::kLengthSize, 'a').append(sent);
    const View view = record;
    journal::encode_group({&view, 1}, 5, salt, {torn.data(), torn.size()});
    torn[journal::kGroupHeaderSize + 10] = '~';
    write_file(segment(2), read_file(segment(2)).replace(kTornAt, torn.size(), torn));
    if (is_known) {
      EXPECT_THAT(refusal(), HasSubstr("is damaged at byte 8192"));
      continue;
    }
    EXPECT_EQ(open().last(), 4u);
    Journal journal = open();
    append_some(journal, 1);
    const Journal again = open();
    EXPECT_EQ(again.last(), 5u) << "nothing of the torn group came back";
    EXPECT_EQ(replayed_, records(1, 5));
    // As before it, for the second round.
    write_file(directory() / "durable", mark);
  }
}

TEST_F(JournalTornTest, AMarkedGroupIsNeverDropped) {
  make({"a", "b"});
  open();  // Marks what it replayed.
  write_file(segment(2), before_);
  EXPECT_THAT(refusal(), AllOf(HasSubstr(segment(2).string()), HasSubstr("at byte 8192"), HasSubstr("records 5 to 6")));
}

TEST_F(JournalTornTest, AGroupThatIsFoldedIsNeverDropped) {
  make({"a", "b"});
  put(before_);
  EXPECT_THAT(refusal(6), HasSubstr("0000000000000002.seg is damaged"));
  EXPECT_EQ(open(4).last(), 4u);
}

// A journal with three segments, of which the last has a group that is not marked behind one that is not either.
class JournalDamageTest : public JournalTest {
 protected:
  JournalDamageTest() {
    {
      Journal journal = open();
      append_some(journal, 6);
      EXPECT_TRUE(append(journal, {record(7), record(8)}));
      EXPECT_TRUE(append(journal, {record(9)}));
    }
    for (const std::string& name : names()) whole_[name] = read_file(directory() / name);
  }
  void repair() const {
    for (const std::string& name : names()) fs::remove(directory() / name);
    for (const auto& [name, bytes] : whole_) write_file(directory() / name, bytes);
  }
  std::map<std::string, Bytes> whole_;
};

TEST_F(JournalDamageTest, AFlippedBitInAnythingAcknowledgedIsFound) {
  ASSERT_EQ(open().last(), 9u);
  for (const unsigned number : {1u, 2u, 3u}) {
    const std::string name = segment(number).filename();
    // Headers byte by byte, the rest here and there; of the last segment all but its last group.
    const std::size_t end = number == 3 ? 2 * kBlock : 4 * kBlock;
    for (std::size_t at = 0; at < end; at += at % kBlock < 64 ? 1 : 131) {
      SCOPED_TRACE(name + " " + std::to_string(at));
      repair();
      Bytes bytes = whole_[name];
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << at % 8));
      write_file(segment(number), bytes);
      ASSERT_THAT(refusal(), AllOf(HasSubstr(segment(number).string()), HasSubstr("damaged"), HasSubstr("backup")));
    }
  }
}

TEST_F(JournalDamageTest, ZeroedRangesAreFound) {
  for (const unsigned number : {1u, 2u, 3u}) {
    for (std::size_t block = 0; block < (number == 3 ? 2u : 4u); ++block) {
      SCOPED_TRACE(std::to_string(number) + " " + std::to_string(block));
      repair();
      Bytes bytes = whole_[segment(number).filename()];
      write_file(segment(number), bytes.replace(block * kBlock, kBlock, kBlock, '\0'));
      ASSERT_THAT(refusal(), HasSubstr(segment(number).string()));
    }
  }
}

TEST_F(JournalDamageTest, ShortAndLongFilesAreFound) {
  for (const unsigned number : {1u, 2u, 3u}) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{100}, kBlock, 3 * kBlock, 4 * kBlock - 1, 5 * kBlock}) {
      SCOPED_TRACE(std::to_string(number) + " " + std::to_string(size));
      repair();
      fs::resize_file(segment(number), size);
      ASSERT_THAT(refusal(), HasSubstr(segment(number).string()));
    }
  }
}

TEST_F(JournalDamageTest, MissingFilesAreNamed) {
  for (const std::string& name : {segment(1).filename().string(), segment(2).filename().string(),
                                  segment(3).filename().string(), std::string("durable")}) {
    repair();
    fs::remove(directory() / name);
    EXPECT_THAT(refusal(), AllOf(HasSubstr(name + " is missing"), HasSubstr("backup")));
  }
  repair();
  fs::rename(segment(3), segment(4));
  EXPECT_THAT(refusal(), HasSubstr("is another one"));
  // What only holds folded records may be gone.
  repair();
  fs::remove(segment(1));
  EXPECT_EQ(open(3).last(), 9u);
}

TEST_F(JournalDamageTest, TheJournalAsAWholeIsMissed) {
  fs::remove_all(directory());
  EXPECT_THAT(refusal(9), HasSubstr("is missing"));
  options_.must_exist = true;
  EXPECT_THAT(refusal(0), HasSubstr("is missing"));
  options_.must_exist = false;
  EXPECT_EQ(open().last(), 0u);
}

TEST_F(JournalDamageTest, AJournalThatEndsBelowTheDatabaseIsRefused) {
  EXPECT_THAT(refusal(10), AllOf(HasSubstr("0000000000000003.seg"), HasSubstr("records 10 to 10")));
}

TEST_F(JournalDamageTest, ATornMarkLeavesTheOneBefore) {
  open();  // Marks record 9 in one block; the other one says that the third segment was begun after record 6.
  const Bytes marks = read_file(directory() / "durable");
  for (std::size_t block = 0; block < 2; ++block) {
    for (const std::size_t at : {0u, 10u, 24u, 32u, 4095u}) {
      Bytes torn = marks;
      torn[block * kBlock + at] ^= 1;
      write_file(directory() / "durable", torn);
      EXPECT_EQ(open().last(), 9u);
      write_file(directory() / "durable", torn);
      fs::rename(segment(3), directory() / "kept");
      EXPECT_THAT(refusal(), HasSubstr("0000000000000003.seg is missing"));
      fs::rename(directory() / "kept", segment(3));
    }
  }
  Bytes torn = marks;
  torn[0] ^= 1, torn[kBlock] ^= 1;
  for (const Bytes& bad : {torn, Bytes(), Bytes(2 * kBlock, '\0')}) {
    write_file(directory() / "durable", bad);
    EXPECT_THAT(refusal(), AllOf(HasSubstr("durable"), HasSubstr("damaged")));
  }
}

TEST_F(JournalDamageTest, ANewerFormatIsSaidToBeOne) {
  for (const fs::path& path : {directory() / "durable", segment(2)}) {
    repair();
    Bytes bytes = read_file(path);
    for (std::size_t at = 0; at < 2 * kBlock; at += kBlock) {
      store_le(bytes.data() + at + 16, std::uint32_t{2});
      store_le(bytes.data() + at, XXH3_64bits_withSeed(bytes.data() + at + 8, kBlock - 8, 0));
    }
    write_file(path, bytes);
    EXPECT_THAT(refusal(), AllOf(HasSubstr(path.string()), HasSubstr("newer release")));
  }
}

TEST_F(JournalDamageTest, AWholeGroupWithAnotherSequenceIsNotTheNextOne) {
  const std::size_t end = 3 * kBlock;
  Bytes bytes = whole_[segment(3).filename()];
  write_file(segment(3), Bytes(bytes).replace(end, kBlock, bytes, 2 * kBlock, kBlock));
  EXPECT_EQ(open().last(), 9u) << "record 9 again";

  const View record = "12";
  Bytes group(kBlock, '\0');
  journal::encode_group({&record, 1}, 12, load_le<std::uint64_t>(bytes.data() + 48), {group.data(), group.size()});
  write_file(segment(3), Bytes(bytes).replace(end, kBlock, group));
  EXPECT_THAT(refusal(), HasSubstr("at byte 12288, where records 10 to 10 should be"));
}

TEST_F(JournalDamageTest, SizesFromTheDiskAreBounded) {
  using journal::size_within;
  EXPECT_EQ(size_within({.size = 4, .count = 1}, kBlock), kBlock);
  EXPECT_EQ(size_within({.size = 4, .count = 0}, kBlock), std::nullopt);
  EXPECT_EQ(size_within({.size = 7, .count = 2}, kBlock), std::nullopt);
  EXPECT_EQ(size_within({.size = kBlock - 23, .count = 1}, kBlock), std::nullopt);
  EXPECT_EQ(size_within({.size = 0xffff'ffff, .count = 1}, std::uint64_t{1} << 40), std::nullopt);

  const Bytes& third = whole_[segment(3).filename()];
  for (const std::size_t field : {8u, 12u}) {
    for (const std::uint32_t value : {0u, 1u, 4096u, 65'536u, 0x7fff'ffffu, 0xffff'ffffu, 0xffff'fff8u}) {
      repair();
      Bytes bytes = third;
      store_le(bytes.data() + kBlock + field, value);
      write_file(segment(3), bytes);
      EXPECT_THAT(refusal(), HasSubstr("0000000000000003.seg is damaged")) << field << " " << value;
    }
  }
  // Lengths of records, under a checksum that is right.
  const View record = "0123456789";
  Bytes group(kBlock, '\0');
  journal::encode_group({&record, 1}, 1, 7, {group.data(), group.size()});
  ASSERT_TRUE(journal::is_whole(group, 7));
  EXPECT_FALSE(journal::is_whole(group, 8));
  const auto ignore = [](std::uint64_t, View) {};
  EXPECT_TRUE(journal::for_each_record(group, ignore));
  for (const std::uint32_t length : {0u, 9u, 11u, 0xffff'ffffu}) {
    store_le(group.data() + journal::kGroupHeaderSize, length);
    EXPECT_FALSE(journal::for_each_record(group, ignore)) << length;
  }
  store_le(group.data() + journal::kGroupHeaderSize, std::uint32_t{10});
  store_le(group.data() + 12, std::uint32_t{2});
  EXPECT_FALSE(journal::for_each_record(group, ignore)) << "more records than bytes";
}

// A small journal of commits, all acknowledged and marked: whatever becomes of its bytes, it opens with all of them, or
// is refused by the name of the file.
class JournalBytesTest : public JournalTest {
 protected:
  JournalBytesTest() {
    options_.segment_size = 2 * kBlock;
    Journal journal(options(), 0, [](std::uint64_t, View) {});
    for (std::uint64_t version = 0; version < 2; ++version) {
      Batch batch{.partition = "u1", .expect = version, .erase_ranges = {{"a", "c"}}, .puts = {{"n", Bytes(50, 'v')}}};
      records_.push_back(encode_record(batch));
      EXPECT_TRUE(append(journal, {records_.back()}));
    }
    journal.mark();
    for (const std::string name : {"durable", "0000000000000001.seg", "0000000000000002.seg"}) {
      whole_[name] = read_file(directory() / name);
    }
    flushes_cost_nothing = true;
  }
  ~JournalBytesTest() override { flushes_cost_nothing = false; }

  Journal::Options options() const { return {.directory = directory(), .segment_size = 2 * kBlock, .spares = 0}; }

  ::testing::AssertionResult opens_whole_or_names(const std::string& name) {
    std::vector<Bytes> found;
    try {
      const Journal journal(options(), 0, [&](std::uint64_t, View bytes) {
        const auto commit = Record::read(bytes);
        found.emplace_back(commit && commit->partition() == "u1" ? bytes : View("no record"));
      });
      ++opened_;
      if (found == records_ && journal.last() == 2) return ::testing::AssertionSuccess();
      return ::testing::AssertionFailure() << "opened with " << found.size() << " records, up to " << journal.last();
    } catch (const OpenError& error) {
      ++refused_;
      if (std::string(error.what()).find((directory() / name).string()) != std::string::npos) {
        return ::testing::AssertionSuccess();
      }
      return ::testing::AssertionFailure() << error.what();
    }
  }
  void repair(const std::string& name) { write_file(directory() / name, whole_[name]); }

  std::map<std::string, Bytes> whole_;
  std::vector<Bytes> records_;
  std::size_t opened_ = 0, refused_ = 0;
};

TEST_F(JournalBytesTest, AFlippedBitInAnyByteLosesNothingSilently) {
  for (const auto& [name, bytes] : whole_) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      std::fstream file(directory() / name, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(at)).put(static_cast<char>(bytes[at] ^ (1 << at % 8))).flush();
      ASSERT_TRUE(opens_whole_or_names(name)) << name << " " << at;
      file.seekp(static_cast<std::streamoff>(at)).put(bytes[at]).flush();
    }
  }
  EXPECT_EQ(opened_, 2 * kBlock) << "either mark may be torn, and nothing else";
  EXPECT_EQ(refused_, 4 * kBlock);
}

TEST_F(JournalBytesTest, AFileThatIsCutLosesNothingSilently) {
  for (const auto& [name, bytes] : whole_) {
    // The ends of blocks byte by byte, the rest here and there.
    for (std::size_t size = bytes.size(); size > 0;) {
      size -= size % kBlock < 64 ? 1 : 37;
      fs::resize_file(directory() / name, size);
      ASSERT_TRUE(opens_whole_or_names(name)) << name << " " << size;
    }
    repair(name);
  }
  EXPECT_GT(opened_, 0u);
  EXPECT_GT(refused_, 500u);
}

TEST_F(JournalBytesTest, AnyBytesInPlaceOfItsOwnLoseNothingSilently) {
  SeededRandom random(1);
  for (int i = 0; i < 3'000; ++i) {
    const auto& [name, bytes] = *std::next(whole_.begin(), static_cast<long>(random.below(whole_.size())));
    Bytes other = bytes;
    const std::size_t at = random.below(other.size());
    const std::size_t size = std::min<std::size_t>(other.size() - at, 1 + random.below(2 * kBlock));
    other.replace(at, size, random.below(3) == 0 ? whole_["durable"].substr(0, size) : random.bytes(size));
    write_file(directory() / name, other);
    ASSERT_TRUE(opens_whole_or_names(name)) << i;
    repair(name);
  }
  EXPECT_GT(refused_, 2'000u);
}

TEST_F(JournalTest, ARestoredStoreGoesOnAfterItsDatabase) {
  Journal::create(directory(), 41);
  EXPECT_THROW(Journal::create(directory(), 41), OpenError);
  EXPECT_THAT(refusal(40), HasSubstr("nothing follows record 41"));
  EXPECT_THAT(refusal(42), HasSubstr("ends at record 42"));
  {
    Journal journal = open(41);
    EXPECT_EQ(journal.last(), 41u);
    append_some(journal, 2);
  }
  EXPECT_EQ(open(41).last(), 43u);
  EXPECT_EQ(replayed_, records(42, 43));
}

TEST_F(JournalTest, ForeignFilesStayAndOwnRemainsGo) {
  { open(); }
  const std::set<std::string> foreign = {"notes.txt", "1.seg", "000000000000000A.seg", "0000000000000001.seg.old",
                                         "00000000000000001.seg"};
  for (const std::string& name : foreign) write_file(directory() / name, "x");
  for (const char* name : {"durable.making", "spare.making", "0000000000000007.spare"})
    write_file(directory() / name, "x");
  { open(); }
  // A life that has no spare begins to make one.
  const auto left = names();
  for (const std::string& name : foreign) EXPECT_TRUE(left.contains(name)) << name;
  for (const char* name : {"durable.making", "0000000000000007.spare"}) EXPECT_FALSE(left.contains(name)) << name;
}

TEST_F(JournalTest, WhatIsReplayedIsOnTheDisk) {
  {
    Journal journal = open();
    append_some(journal, 2);
  }
  const std::uint64_t flushes_before = flushes, forgotten_before = forgotten;
  int seen = 0;
  const Journal journal(options_, 0, [&](std::uint64_t, View) {
    EXPECT_GT(flushes, flushes_before);
    EXPECT_GT(forgotten, forgotten_before);
    ++seen;
  });
  EXPECT_EQ(seen, 2);
}

TEST_F(JournalTest, NothingIsReliedOnBeforeItIsFlushed) {
  const std::string spare = "0000000000000001.spare", segment = "0000000000000001.seg";
  options_.segment_size = 2 * kBlock;
  std::atomic<int> recycled = 0;
  options_.reached = [&](View point) {
    if (point == "journal.recycled") recycled.fetch_add(1), recycled.notify_all();
  };
  calls.clear();
  calls_are_kept = true;
  {
    Journal journal = open();
    append_some(journal, 1);
    journal.mark();
    calls_are_kept = false;
    const std::string parent = folder_.filename();
    EXPECT_THAT(calls, ElementsAre(
                           // The journal.
                           "write durable.making 0", "flush durable.making", "rename to durable", "flush journal",
                           "flush " + parent, "flush journal",
                           // The first segment.
                           "write spare.making 0", "flush spare.making", "rename to " + spare, "flush journal",
                           "write " + spare + " 0", "flush " + spare, "rename to " + segment, "flush journal",
                           "write durable 4096", "flush durable",
                           // A group, and the mark in the other block.
                           "write " + segment + " 4096", "flush " + segment, "write durable 0", "flush durable"));
    append_some(journal, 2);
    calls.clear();
    calls_are_kept = true;
    journal.release(1);
    recycled.wait(0);
    calls_are_kept = false;
    ASSERT_GE(calls.size(), 2u);
    EXPECT_THAT(calls[0], HasSubstr("rename to "));
    EXPECT_EQ(calls[1], "flush journal");
  }
}

TEST_F(JournalTest, EachLifeOfASegmentHasASaltOfItsOwn) {
  std::set<std::uint64_t> salts;
  Journal journal = open();
  for (int i = 0; i < 8; ++i) {
    append_some(journal, 3);
    journal.release(journal.last());
    salts.insert(load_le<std::uint64_t>(read_file(segment(static_cast<unsigned>(i + 1))).data() + 48));
  }
  EXPECT_EQ(salts.size(), 8u);
}

TEST_F(JournalTest, MarksOnlyWhenBehind) {
  Journal journal = open();
  append_some(journal, 1);
  std::vector<std::uint64_t> made;
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t before = calls_made;
    journal.mark();
    made.push_back(calls_made - before);
  }
  EXPECT_THAT(made, ElementsAre(2u, 0u));
}

TEST_F(JournalTest, AFailedFlushIsNeverTriedAgain) {
  Journal journal = open();
  append_some(journal, 1);
  ASSERT_TRUE(journal.has_room(1, 1));
  const View record = "a";
  calls_left = 2;
  EXPECT_THROW(journal.append({&record, 1}), JournalFailed);
  const std::uint64_t before = calls_made;
  EXPECT_THROW(journal.append({&record, 1}), JournalFailed);
  EXPECT_THROW(journal.has_room(1, 1), JournalFailed);
  EXPECT_THROW(journal.mark(), JournalFailed);
  EXPECT_THROW(journal.release(0), JournalFailed);
  EXPECT_EQ(calls_made, before);
}

TEST_F(JournalTest, AFullDiskLeavesAllAsItWas) {
  // Each call of begin_segment() and of the making in turn finds no room.
  std::size_t refused = 0;
  for (int call = 1; call <= 8; ++call) {
    SCOPED_TRACE(call);
    const fs::path path = folder_ / std::to_string(call);
    {
      Journal journal = open(path);
      call_error = call % 2 == 0 ? ENOSPC : EDQUOT;
      calls_left = call;
      bool fits = true;
      try {
        fits = journal.has_room(1, 1);
      } catch (const JournalFailed&) {
        calls_left = 0;
        continue;  // The flush of a directory, or of the mark.
      }
      calls_left = 0;
      EXPECT_FALSE(fits);
      refused += fits ? 0 : 1;
      EXPECT_FALSE(fs::exists(path / "spare.making"));
      append_some(journal, 1);
      std::set<std::string> left;
      for (const auto& entry : fs::directory_iterator(path)) left.insert(entry.path().filename());
      EXPECT_THAT(left, ElementsAre("0000000000000001.seg", "durable")) << "what was refused is used later";
    }
    EXPECT_EQ(open(path).last(), 1u);
  }
  EXPECT_GE(refused, 6u) << "all but flushes of directories";
  call_error = EIO;
}

// Work that touches everything; stops at the first failure. The newest record that append() has returned for.
std::uint64_t work(Journal::Options options, std::uint64_t& folded) {
  std::uint64_t acknowledged = 0;
  try {
    Journal journal(std::move(options), 0, [](std::uint64_t, View) {});
    for (std::uint64_t i = 1; i <= 14; ++i) {
      const Bytes record = std::to_string(i);
      const View view = record;
      if (!journal.has_room(1, record.size())) continue;
      journal.append({&view, 1});
      acknowledged = journal.last();
      if (i % 3 == 0) journal.mark();
      if (i % 5 == 0) {
        folded = acknowledged - 1;
        journal.release(folded);
      }
    }
  } catch (const JournalFailed&) {
  } catch (const OpenError&) {
  }
  return acknowledged;
}

TEST_F(JournalTest, WhateverCallFailsNothingAcknowledgedIsLost) {
  for (const int error : {EIO, ENOSPC}) {
    bool failed = true;
    for (int call = 1; failed; ++call) {
      SCOPED_TRACE(std::to_string(error) + " " + std::to_string(call));
      const fs::path path = folder_ / (std::to_string(error) + "." + std::to_string(call));
      options_.directory = path;
      std::uint64_t folded = 0;
      call_error = error;
      calls_left = call;
      const std::uint64_t acknowledged = work(options_, folded);
      failed = calls_left == 0;
      calls_left = 0;
      ASSERT_LT(call, 1000);
      std::uint64_t next = folded;
      Journal journal(options_, folded, [&](std::uint64_t sequence, View) { ASSERT_EQ(sequence, ++next); });
      ASSERT_GE(journal.last(), acknowledged);
      ASSERT_LE(journal.last(), acknowledged + 1);
      append_some(journal, 4);
    }
  }
  call_error = EIO;
}

TEST_F(JournalTest, AProcessKilledAtAnyPointLosesNothingAcknowledged) {
  std::mutex one_at_a_time;
  std::vector<std::pair<fs::path, std::uint64_t>> images;
  std::atomic<std::uint64_t> last = 0;
  options_.reached = [&](View point) {
    const std::lock_guard lock(one_at_a_time);
    const fs::path image = folder_ / std::to_string(images.size());
    fs::create_directory(image);
    const std::uint64_t acknowledged = last + (point == "journal.flushed" ? 1 : 0);
    // The other thread goes on meanwhile: what it renames away was no segment in use.
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory(), error)) {
      if (entry.path().extension() != ".spare" && entry.path().extension() != ".making") {
        fs::copy_file(entry.path(), image / entry.path().filename(), error);
      }
    }
    images.emplace_back(image, acknowledged);
  };
  {
    Journal journal = open();
    for (int i = 0; i < 10; ++i) {
      append_some(journal, 1);
      last = journal.last();
      if (i % 4 == 3) journal.mark();
    }
  }
  options_.reached = nullptr;
  ASSERT_GE(images.size(), 25u);
  for (const auto& [image, acknowledged] : images) {
    SCOPED_TRACE(image);
    const Journal journal = open(image);
    ASSERT_GE(journal.last(), acknowledged);
    ASSERT_EQ(replayed_, records(1, journal.last()));
  }
}

// What the journal should hold, in a vector.
class Model {
 public:
  Model(fs::path directory, std::uint64_t seed) : random_(seed) {
    options_.directory = std::move(directory);
    options_.segment_size = (4 + random_.below(8)) * kBlock;
    options_.spares = random_.below(3);
    reopen();
  }

  void step() {
    switch (random_.below(10)) {
      case 0: journal_->mark(); break;
      case 1:
        folded_ += random_.below(all_.size() - folded_ + 1);
        journal_->release(folded_);
        break;
      case 2: reopen(); break;
      case 3: tear(); break;
      default: append(); break;
    }
  }

 private:
  void append() {
    std::vector<Bytes> group(1 + random_.below(5));
    for (Bytes& record : group) record = random_.bytes(random_.below(2000));
    const std::vector<View> views(group.begin(), group.end());
    ASSERT_TRUE(journal_->has_room(views.size(), 5 * 2000));
    journal_->append(views);
    all_.insert(all_.end(), group.begin(), group.end());
    ASSERT_EQ(journal_->last(), all_.size());
  }

  // The process ends in an append; some of its blocks get to the disk.
  void tear() {
    ASSERT_TRUE(journal_->has_room(5, 5 * 2000));  // A new segment would not be torn.
    const auto newest = [&] {
      fs::path found;
      for (const auto& entry : fs::directory_iterator(options_.directory)) {
        if (entry.path().extension() == ".seg") found = std::max(found, entry.path());
      }
      return found;
    }();
    const Bytes before = read_file(newest);
    const std::size_t count = all_.size();
    append();
    journal_.reset();
    const Bytes after = read_file(newest);
    Bytes torn = before;
    for (std::size_t at = 0; at < torn.size(); at += kBlock) {
      if (random_.below(3) != 0) torn.replace(at, kBlock, after, at, kBlock);
    }
    if (torn != after) all_.resize(count);
    write_file(newest, torn);
    reopen();
  }

  void reopen() {
    journal_.reset();
    std::uint64_t next = folded_;
    journal_.emplace(options_, folded_, [&](std::uint64_t sequence, View record) {
      ASSERT_EQ(sequence, next + 1);
      ASSERT_LT(next, all_.size());
      ASSERT_EQ(record, all_[next]);
      ++next;
    });
    ASSERT_EQ(next, all_.size());
    ASSERT_EQ(journal_->last(), all_.size());
  }

  SeededRandom random_;
  Journal::Options options_;
  std::optional<Journal> journal_;
  std::vector<Bytes> all_;
  std::uint64_t folded_ = 0;
};

TEST_F(JournalTest, AgreesWithAModel) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE(seed);
    const fs::path path = folder_ / "model";
    {
      Model model(path, seed);
      for (int i = 0; i < 20 && !HasFatalFailure(); ++i) model.step();
    }
    if (HasFatalFailure()) return;
    fs::remove_all(path);
  }
}

}  // namespace

}  // namespace helio::store::rocks
