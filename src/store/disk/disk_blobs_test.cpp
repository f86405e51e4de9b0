#include "store/disk/disk_blobs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "store/blob_conformance.h"
#include "store/disk/blob_file.h"
#include "store/testing/scratch.h"

namespace helio::store {

namespace {

namespace fs = std::filesystem;
using namespace blob_conformance;

// The machine's, with time that tests move on. Any thread.
class SkippingClock final : public Clock {
 public:
  Wall now() const override { return real_.now() + seconds(wall_skip); }
  Ticks ticks() const override { return real_.ticks() + seconds(ticks_skip); }
  Task<> sleep_until(Ticks when) override { return real_.sleep_until(when); }
  void advance(seconds by) {
    wall_skip += by.count();
    ticks_skip += by.count();
  }
  std::atomic<std::int64_t> wall_skip{0}, ticks_skip{0};

 private:
  SystemClock real_;
};

// An engine in a directory of this test's own, gone with it.
class Place {
 public:
  explicit Place(fs::path parent = scratch_folder()) {
    Bytes name = (parent / "disk_blobs_test.XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    options.directory = (folder_ / "a" / "blobs").string();
    options.reader_threads = 2;
    options.writer_threads = 2;
    options.room.space = [this] { return DiskSpace{.free = free, .total = std::uint64_t{100} << 30}; };
    reopen();
  }
  Place(const Place&) = delete;
  ~Place() {
    engine_.reset();
    fs::remove_all(folder_);
  }

  DiskBlobs& blobs() { return *engine_; }
  Clock& clock() { return time; }
  void advance(seconds by) { time.advance(by); }
  void close() { engine_.reset(); }
  void reopen() {
    close();
    engine_ = std::make_unique<DiskBlobs>(options, time, random_);
  }
  void run(Task<> task) { run_until_done(context_, std::move(task)); }
  asio::io_context& context() { return context_; }

  fs::path root() const { return options.directory; }
  fs::path path_of(const BlobId& id) const { return root() / id.hex().substr(0, 2) / id.hex(); }
  std::vector<fs::path> drafts() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(root() / "drafts")) found.push_back(entry.path());
    return found;
  }

  DiskOptions options;
  SkippingClock time;
  std::atomic<std::uint64_t> free{std::uint64_t{50} << 30};

 private:
  asio::io_context context_;
  fs::path folder_;
  SystemRandom random_;
  std::unique_ptr<DiskBlobs> engine_;
};

// Puts another file behind the descriptor of the only open draft for as long as it lives: a disk that fails, made of
// what every Linux has.
class Behind {
 public:
  Behind(const Place& place, const char* path, int flags = O_RDWR) {
    const std::string draft = place.drafts().at(0).string();
    for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
      std::error_code none;
      if (fs::read_symlink(entry.path(), none) == draft) descriptor_ = std::stoi(entry.path().filename());
    }
    real_ = ::dup(descriptor_);
    const int other = path ? ::open(path, flags) : pipe_end();
    ::dup2(other, descriptor_);
    ::close(other);
    EXPECT_GE(descriptor_, 0);
  }
  Behind(const Behind&) = delete;
  ~Behind() {
    // Nothing to put back once the engine has closed it: the number may be another file's.
    if (::fcntl(descriptor_, F_GETFD) >= 0) ::dup2(real_, descriptor_);
    ::close(real_);
  }

 private:
  // Takes what is written, and cannot be flushed.
  static int pipe_end() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe(ends), 0);
    ::close(ends[0]);
    return ends[1];
  }
  int descriptor_ = -1, real_ = -1;
};

struct Crash {};

void flip_bit(const fs::path& path, std::uint64_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(file.get() ^ 0x10);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(byte);
  ASSERT_TRUE(file.good());
}

// What a call throws, as text; "nothing".
template <class T>
Task<std::string> failure_of(Task<T> call) {
  try {
    co_await std::move(call);
  } catch (const StoreDown& failure) {
    co_return failure.what();
  } catch (const Crash&) {
    co_return "crash";
  }
  co_return "nothing";
}

Task<std::unique_ptr<BlobDraft>> start(Blobs& blobs) {
  BlobStarted started = co_await blobs.start(std::nullopt);
  EXPECT_EQ(started.outcome, BlobOutcome::kDone);
  co_return std::move(started.draft);
}

// A draft with these bytes.
Task<std::unique_ptr<BlobDraft>> draft_of(Blobs& blobs, Bytes content) {
  std::unique_ptr<BlobDraft> draft = co_await start(blobs);
  const BlobOutcome written = co_await draft->write(0, std::move(content));
  EXPECT_EQ(written, BlobOutcome::kDone);
  co_return std::move(draft);
}

Task<> write_piece(BlobDraft& draft, std::uint64_t offset, Bytes piece) {
  const BlobOutcome outcome = co_await draft.write(offset, std::move(piece));
  EXPECT_EQ(outcome, BlobOutcome::kDone);
}

Task<> read_until_cancelled(Blobs& blobs, BlobId id, Bytes whole) {
  while (true) {
    const std::optional<Bytes> bytes = co_await blobs.read(id, 50'000, 100'000);
    EXPECT_TRUE(!bytes || *bytes == View(whole).substr(50'000, 100'000));
  }
}

// Runs `body(place)`, a coroutine function. The lambda outlives its coroutine, so it may capture.
template <class Body>
void run(Place& place, Body body) {
  place.run(body(place));
}

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Disk, BlobConformance, Place);

TEST(BlobId, HasOneSpelling) {
  const BlobId id{crypto::sha256("abc")};
  EXPECT_EQ(id.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(blob_id_of_hex(id.hex()), id);
  EXPECT_EQ(blob_id_of(crypto::view(id.hash)), id);
  const Bytes hex = id.hex();
  const Bytes wrong[] = {"",
                         hex.substr(1),
                         hex + "0",
                         hex.substr(1) + "g",
                         "BA" + hex.substr(2),
                         hex.substr(0, 62) + " a",
                         "../" + hex.substr(3),
                         hex.substr(0, 63) + '\0'};
  for (const Bytes& text : wrong) EXPECT_FALSE(blob_id_of_hex(text)) << text;
  EXPECT_FALSE(blob_id_of(hex));
  EXPECT_FALSE(blob_id_of(""));
}

TEST(BlobFile, LengthsTellSizes) {
  for (const std::uint64_t size : {std::uint64_t{1}, disk::kChunk - 1, disk::kChunk, disk::kChunk + 1, 2 * disk::kChunk,
                                   10 * disk::kChunk + 7, kBlobSizeMax - 1, kBlobSizeMax}) {
    const std::uint64_t length = size + 8 * ((size + disk::kChunk - 1) / disk::kChunk) + disk::kFooter;
    EXPECT_EQ(disk::content_size(length), size);
  }
  for (const std::uint64_t length : {0, 1, 32, 33, 40}) EXPECT_FALSE(disk::content_size(length)) << length;
  EXPECT_FALSE(disk::content_size(disk::kChunk + 8 + disk::kFooter + 1));  // A chunk of no bytes, and its sum.
  EXPECT_FALSE(disk::content_size(disk::kChunk + 8 + disk::kFooter + 8));
  EXPECT_FALSE(disk::content_size(~std::uint64_t{0}));
}

// Stored bytes are for ever.
TEST(BlobFile, IsWhatItAlwaysWas) {
  Place place;
  run(place, [](Place& at) -> Task<> { co_await store(at.blobs(), "abc"); });
  const BlobId id{crypto::sha256("abc")};
  std::ifstream file(place.path_of(id), std::ios::binary);
  const Bytes bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(to_hex(bytes),
            "616263"
            "50392f89945faf78"
            "6867626c6f62310a"
            "00000100"
            "00000000"
            "0300000000000000"
            "ebe71420a0cd67f2");
  std::ifstream format(place.root() / "format");
  const Bytes text((std::istreambuf_iterator<char>(format)), {});
  EXPECT_EQ(text, "heliograph blobs 1\n");
}

TEST(DiskBlobs, ACrashLeavesAWholeBlobOrADraft) {
  constexpr const char* kPoints[] = {"blob.written", "blob.flushed", "blob.renamed", "blob.directory_flushed", ""};
  Place place(fs::temp_directory_path());
  std::string point;
  place.options.reached = [&point](View reached) {
    if (reached == point) throw Crash{};
  };
  std::size_t answered = 0, renamed = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    point = kPoints[i % 5];
    place.reopen();
    run(place, [i, &point, &answered](Place& at) -> Task<> {
      auto draft = co_await draft_of(at.blobs(), content(i, 1'000 + i));
      const std::string ended = co_await failure_of(draft->finish());
      EXPECT_EQ(ended, point.empty() ? "nothing" : "crash");
      if (point.empty()) ++answered;
    });
    if (i % 5 >= 2) ++renamed;
  }
  place.options.reached = nullptr;
  place.reopen();
  EXPECT_EQ(place.drafts().size(), 40u);
  run(place, [renamed](Place& at) -> Task<> {
    for (std::uint64_t i = 0; i < 100; ++i) {
      const Bytes whole = content(i, 1'000 + i);
      const BlobId id{crypto::sha256(whole)};
      const Bytes loaded = co_await load(at.blobs(), id);
      EXPECT_TRUE(loaded == (i % 5 >= 2 ? whole : "no blob")) << i;
    }
    EXPECT_EQ(co_await count(at.blobs()), renamed);
    at.advance(kBlobLeftoverAge + seconds(10));
    // Rows name those that were answered, and the committed row of one whose answer the crash swallowed is none.
    const auto named = [](BlobId id) -> Task<bool> {
      static std::set<BlobId> rows = [] {
        std::set<BlobId> all;
        for (std::uint64_t i = 4; i < 100; i += 5) all.insert({crypto::sha256(content(i, 1'000 + i))});
        return all;
      }();
      co_return rows.contains(id);
    };
    const BlobSwept swept = co_await sweep(at.blobs(), at.clock(), named);
    EXPECT_EQ(swept.blobs, 40u);
    EXPECT_EQ(swept.drafts, 40u);
    EXPECT_EQ(co_await count(at.blobs()), 20u);
  });
  EXPECT_EQ(answered, 20u);
  EXPECT_TRUE(place.drafts().empty());
}

TEST(DiskBlobs, AnInterruptedFinishIsResumed) {
  Place place;
  Bytes name;
  place.options.reached = [](View reached) {
    if (reached == "blob.written") throw Crash{};
  };
  place.reopen();
  run(place, [&name](Place& at) -> Task<> {
    auto draft = co_await draft_of(at.blobs(), content(1, 100'000));
    co_await draft->flush();
    name = draft->name();
    EXPECT_EQ(co_await failure_of(draft->finish()), "crash");
  });
  place.options.reached = nullptr;
  place.reopen();
  run(place, [&name](Place& at) -> Task<> {
    std::vector<Stretch> there{{0, 100'000}};
    BlobStarted resumed = co_await at.blobs().resume(name, std::nullopt, there);
    EXPECT_EQ(resumed.outcome, BlobOutcome::kDone);
    const BlobStored stored = co_await resumed.draft->finish();
    EXPECT_EQ(stored.id.hash, crypto::sha256(content(1, 100'000)));
    const Bytes loaded = co_await load(at.blobs(), stored.id);
    EXPECT_TRUE(loaded == content(1, 100'000));
  });
}

TEST(DiskBlobs, AnUnfinishedDraftIsRemovedUnlessItWasFlushed) {
  Place place;
  run(place, [](Place& at) -> Task<> {
    auto dropped = co_await draft_of(at.blobs(), "abc");
    auto kept = co_await draft_of(at.blobs(), "abc");
    co_await kept->flush();
    auto abandoned = co_await draft_of(at.blobs(), "abc");
    co_await abandoned->flush();
    co_await abandoned->abandon();
    EXPECT_EQ(at.drafts().size(), 2u);
  });
  place.close();  // Finishes what is in flight.
  EXPECT_EQ(place.drafts().size(), 1u);
}

TEST(DiskBlobs, DamageIsFoundAndTheRestStaysReadable) {
  constexpr std::size_t kSize = 5 * disk::kChunk + 100;
  const Bytes whole = content(1, kSize);
  const BlobId id{crypto::sha256(whole)};
  struct Case {
    const char* what;
    std::uint64_t flipped;
    int chunk;  // Which cannot be read: -1 all, -2 none.
  } cases[] = {{"first byte", 0, 0},
               {"a byte inside", 3 * disk::kChunk + 17, 3},
               {"last byte of the content", kSize - 1, 5},
               {"a sum", kSize + 8, 1},
               {"the footer's magic", kSize + 6 * 8, -1},
               {"the footer's size", kSize + 6 * 8 + 16, -1},
               {"the sum of the sums", kSize + 6 * 8 + 31, -2}};
  Place place;
  for (const Case& it : cases) {
    SCOPED_TRACE(it.what);
    run(place, [&](Place& at) -> Task<> {
      co_await store(at.blobs(), whole);  // Also repairs what the last case damaged.
      BlobCheck check = co_await at.blobs().verify(id);
      EXPECT_EQ(check.state, BlobCheck::kIntact) << check.text;
      flip_bit(at.path_of(id), it.flipped);
      check = co_await at.blobs().verify(id);
      EXPECT_EQ(check.state, BlobCheck::kDamaged);
      EXPECT_NE(check.text.find(at.path_of(id).string()), check.text.npos) << check.text;
      for (int chunk = 0; chunk < 6; ++chunk) {
        const std::uint64_t offset = static_cast<std::uint64_t>(chunk) * disk::kChunk + 10;
        const std::string failed = co_await failure_of(at.blobs().read(id, offset, 50));
        if (it.chunk == -1 || it.chunk == chunk) {
          EXPECT_NE(failed.find(at.path_of(id).string() + " is damaged"), failed.npos) << failed;
        } else {
          EXPECT_EQ(failed, "nothing") << chunk;
        }
      }
    });
  }
}

TEST(DiskBlobs, AFileOfAnotherLengthIsDamaged) {
  const Bytes whole = content(1, 100'000);
  const BlobId id{crypto::sha256(whole)};
  Place place;
  for (const std::uint64_t length : {0, 10, 32, 50'000, 65'576, 99'999, 100'047, 100'049, 200'000}) {
    SCOPED_TRACE(length);
    run(place, [&](Place& at) -> Task<> {
      co_await store(at.blobs(), whole);
      fs::resize_file(at.path_of(id), length);
      const BlobCheck check = co_await at.blobs().verify(id);
      EXPECT_EQ(check.state, BlobCheck::kDamaged);
      EXPECT_NE(check.text.find(at.path_of(id).string()), check.text.npos) << check.text;
      const std::string failed = co_await failure_of(at.blobs().read(id, 0, 10));
      EXPECT_NE(failed.find(at.path_of(id).string() + " is damaged"), failed.npos) << failed;
    });
  }
}

TEST(DiskBlobs, ABlobUnderTheNameOfAnotherIsDamaged) {
  Place place;
  run(place, [](Place& at) -> Task<> {
    const BlobId id = co_await store(at.blobs(), "abc"), other = co_await store(at.blobs(), "def");
    fs::copy_file(at.path_of(other), at.path_of(id), fs::copy_options::overwrite_existing);
    const BlobCheck check = co_await at.blobs().verify(id);
    EXPECT_EQ(check.state, BlobCheck::kDamaged);
    EXPECT_NE(check.text.find(at.path_of(id).string()), check.text.npos) << check.text;
  });
}

TEST(DiskBlobs, AFileThatCannotBeReadIsNamed) {
  Place place;
  run(place, [](Place& at) -> Task<> {
    const BlobId lost = co_await store(at.blobs(), "abc"), odd = co_await store(at.blobs(), "def"),
                 closed = co_await store(at.blobs(), "ghi");
    fs::remove(at.path_of(lost));
    const std::optional<Bytes> bytes = co_await at.blobs().read(lost, 0, 3);
    EXPECT_FALSE(bytes);

    fs::remove(at.path_of(odd));
    fs::create_directory(at.path_of(odd));
    std::string failed = co_await failure_of(at.blobs().read(odd, 0, 3));
    EXPECT_NE(failed.find(at.path_of(odd).string()), failed.npos) << failed;
    failed = co_await failure_of(at.blobs().size_of(odd));
    EXPECT_NE(failed.find(at.path_of(odd).string()), failed.npos) << failed;
    BlobCheck check = co_await at.blobs().verify(odd);
    EXPECT_EQ(check.state, BlobCheck::kDamaged);
    fs::remove(at.path_of(odd));

    // Whoever runs the tests: without privileges for a moment.
    fs::permissions(at.path_of(closed), fs::perms::none);
    const uid_t user = ::geteuid();
    EXPECT_EQ(::seteuid(user == 0 ? 65'534 : user), 0);
    failed = co_await failure_of(at.blobs().read(closed, 0, 3));
    EXPECT_EQ(::seteuid(user), 0);
    EXPECT_NE(failed.find("Permission denied"), failed.npos) << failed;
    EXPECT_NE(failed.find(at.root().string()), failed.npos) << failed;
  });
}

TEST(DiskBlobs, AFullDiskTakesNoUploadsUntilThereIsSpace) {
  Place place;  // 100 GiB, of which one is reserved.
  constexpr std::uint64_t kReserve = std::uint64_t{1} << 30;
  run(place, [](Place& at) -> Task<> {
    at.free = kReserve + 1'000;
    auto draft = co_await draft_of(at.blobs(), Bytes(600, 'x'));
    // Counted although the disk was not looked at again.
    BlobOutcome outcome = co_await draft->write(600, Bytes(401, 'x'));
    EXPECT_EQ(outcome, BlobOutcome::kNoRoom);
    outcome = co_await draft->write(600, Bytes(400, 'x'));
    EXPECT_EQ(outcome, BlobOutcome::kDone);
    at.free = kReserve - 1;
    at.advance(seconds(1));
    const BlobStarted refused = co_await at.blobs().start(std::nullopt);
    EXPECT_EQ(refused.outcome, BlobOutcome::kNoRoom);
    outcome = co_await draft->write(1'000, Bytes(1, 'x'));
    EXPECT_EQ(outcome, BlobOutcome::kNoRoom);
    // What was taken is finished, and reads go on.
    const BlobStored stored = co_await draft->finish();
    EXPECT_EQ(stored.outcome, BlobOutcome::kDone);
    const Bytes loaded = co_await load(at.blobs(), stored.id);
    EXPECT_TRUE(loaded == Bytes(1'000, 'x'));
    at.free = kReserve + (1 << 20);
    at.advance(seconds(1));
    co_await store(at.blobs(), "abc");
  });
}

TEST(DiskBlobs, APieceTheDiskHasNoRoomForLeavesNothing) {
  Place place;
  run(place, [](Place& at) -> Task<> {
    auto draft = co_await draft_of(at.blobs(), Bytes(1'000, 'x'));
    {
      const Behind full(at, "/dev/full");
      const BlobOutcome outcome = co_await draft->write(1'000, Bytes(1'000, 'y'));
      EXPECT_EQ(outcome, BlobOutcome::kNoRoom);
    }
    const BlobOutcome outcome = co_await draft->write(1'000, Bytes(500, 'z'));
    EXPECT_EQ(outcome, BlobOutcome::kDone);
    const BlobStored stored = co_await draft->finish();
    EXPECT_EQ(stored.id.hash, crypto::sha256(Bytes(1'000, 'x') + Bytes(500, 'z')));

    // One that was to replace others may have done so in part.
    draft = co_await draft_of(at.blobs(), Bytes(1'000, 'x'));
    {
      const Behind full(at, "/dev/full");
      const BlobOutcome replaced = co_await draft->write(500, Bytes(1'000, 'y'));
      EXPECT_EQ(replaced, BlobOutcome::kNoRoom);
    }
    const BlobStored gone = co_await draft->finish();
    EXPECT_EQ(gone.outcome, BlobOutcome::kGone);
    EXPECT_TRUE(at.drafts().empty());

    draft = co_await draft_of(at.blobs(), Bytes(1'000, 'w'));
    {
      const Behind full(at, "/dev/full");
      const BlobStored refused = co_await draft->finish();
      EXPECT_EQ(refused.outcome, BlobOutcome::kNoRoom);
    }
    EXPECT_TRUE(at.drafts().empty());
    EXPECT_EQ(co_await count(at.blobs()), 1u);
  });
}

TEST(DiskBlobs, ARepeatedPieceIsNotWrittenAgain) {
  Place place;
  run(place, [](Place& at) -> Task<> {
    auto draft = co_await draft_of(at.blobs(), "abcdef");
    const fs::path copy = at.root() / "copy";
    fs::copy_file(at.drafts().at(0), copy);
    const Behind unwritable(at, copy.c_str(), O_RDONLY);
    const BlobOutcome outcome = co_await draft->write(2, Bytes("cde"));
    EXPECT_EQ(outcome, BlobOutcome::kDone);
    const std::string failed = co_await failure_of(draft->write(2, Bytes("xyz")));
    EXPECT_NE(failed.find("cannot write"), failed.npos) << failed;
  });
}

TEST(DiskBlobs, AFailedFlushIsNeverTriedAgain) {
  Place place;
  std::unique_ptr<Behind> pipe;
  int flushed = 0;
  place.options.reached = [&](View reached) {
    if (reached == "blob.written") pipe = std::make_unique<Behind>(place, nullptr);
    if (reached == "blob.flushed") ++flushed;
  };
  place.reopen();
  run(place, [&](Place& at) -> Task<> {
    auto draft = co_await draft_of(at.blobs(), "abc");
    const std::string draft_path = at.drafts().at(0).string();
    std::string failed = co_await failure_of(draft->finish());
    EXPECT_NE(failed.find("cannot flush " + draft_path), failed.npos) << failed;
    pipe.reset();
    const BlobStored again = co_await draft->finish();
    EXPECT_EQ(again.outcome, BlobOutcome::kGone);

    draft = co_await draft_of(at.blobs(), "abc");
    BlobOutcome outcome = co_await draft->flush();
    EXPECT_EQ(outcome, BlobOutcome::kDone);
    pipe = std::make_unique<Behind>(at, nullptr);
    failed = co_await failure_of(draft->flush());
    EXPECT_NE(failed.find("cannot flush"), failed.npos) << failed;
    pipe.reset();
    outcome = co_await draft->flush();
    EXPECT_EQ(outcome, BlobOutcome::kGone);
    EXPECT_TRUE(at.drafts().empty());
    EXPECT_EQ(co_await count(at.blobs()), 0u);
  });
  EXPECT_EQ(flushed, 0);
}

TEST(DiskBlobs, NothingIsAnsweredFromADirectoryThatCouldNotBeFlushed) {
  Place place;
  const BlobId id{crypto::sha256("abc")};
  const fs::path directory = place.path_of(id).parent_path(), away = place.root() / "away";
  bool broken = true;
  place.options.reached = [&](View reached) {
    if (reached == "blob.renamed" && broken) fs::rename(directory, away);
  };
  place.reopen();
  run(place, [&](Place& at) -> Task<> {
    auto draft = co_await draft_of(at.blobs(), "abc");
    std::string failed = co_await failure_of(draft->finish());
    EXPECT_NE(failed.find(directory.string()), failed.npos) << failed;
    fs::rename(away, directory);
    broken = false;

    failed = co_await failure_of(at.blobs().renew(id));
    EXPECT_NE(failed.find("could not be flushed"), failed.npos) << failed;
    draft = co_await draft_of(at.blobs(), "abc");
    failed = co_await failure_of(draft->finish());
    EXPECT_NE(failed.find("could not be flushed"), failed.npos) << failed;
    const Bytes loaded = co_await load(at.blobs(), id);
    EXPECT_EQ(loaded, "abc");
    co_await store(at.blobs(), "def");
  });
  place.reopen();
  run(place, [&](Place& at) -> Task<> {
    EXPECT_TRUE(co_await at.blobs().renew(id));
    EXPECT_TRUE(at.drafts().empty());
  });
}

TEST(DiskBlobs, AFailedRenameLeavesNoDraft) {
  Place place;
  const BlobId id{crypto::sha256("abc")};
  place.options.reached = [&](View reached) {
    if (reached == "blob.flushed") fs::remove(place.path_of(id).parent_path());
  };
  place.reopen();
  run(place, [&](Place& at) -> Task<> {
    auto draft = co_await draft_of(at.blobs(), "abc");
    const std::string failed = co_await failure_of(draft->finish());
    EXPECT_NE(failed.find("cannot rename"), failed.npos) << failed;
    EXPECT_TRUE(at.drafts().empty());
  });
}

TEST(DiskBlobs, OneProcessOwnsTheDirectory) {
  Place place;
  SystemRandom random;
  EXPECT_THROW(DiskBlobs(place.options, place.time, random), OpenError);
  place.reopen();
  place.close();
  const struct {
    const char *text, *complaint;
  } others[] = {{"heliograph blobs 2\n", "newer release"},
                {"heliograph blobs 12\n", "newer release"},
                {"heliograph blobs \n", "format is damaged"},
                {"heliograph blobs 1\nx", "format is damaged"},
                {"heliogra\x70\x18 blobs 1\n", "format is damaged"}};
  for (const auto& [text, complaint] : others) {
    std::ofstream(place.root() / "format") << text;
    try {
      place.reopen();
      ADD_FAILURE() << text;
    } catch (const OpenError& error) {
      EXPECT_NE(std::string(error.what()).find(complaint), std::string::npos) << error.what();
    }
  }
  for (const char* torn : {"", "heliogr"}) {  // By a crash.
    std::ofstream(place.root() / "format") << torn;
    place.reopen();
    place.close();
  }
  fs::remove(place.root() / "7f");
  std::ofstream(place.root() / "7f") << "x";
  EXPECT_THROW(place.reopen(), OpenError);
  fs::remove(place.root() / "7f");
  place.reopen();
  place.options.directory = (place.root() / "format" / "x").string();
  EXPECT_THROW(place.reopen(), OpenError);
  place.options.directory = (place.root()).string();
}

TEST(DiskBlobs, ADirectoryMayBeNamedFromWhereTheProcessIs) {
  Place place;
  const fs::path before = fs::current_path();
  fs::current_path(place.root());
  place.options.directory = "media/blobs";
  EXPECT_NO_THROW(place.reopen());
  EXPECT_TRUE(fs::exists("media/blobs/format"));
  place.close();
  fs::current_path(before);
}

TEST(DiskBlobs, FilesOfOthersAreLeftAlone) {
  Place place;
  const BlobId id{crypto::sha256("abc")};
  const fs::path others[] = {place.root() / "00" / "README", place.root() / "00" / id.hex(),
                             place.path_of(id).string() + ".bak", place.root() / "drafts" / "notes",
                             place.root() / "drafts" / id.hex()};
  for (const fs::path& other : others) std::ofstream(other) << "x";
  run(place, [](Place& at) -> Task<> {
    co_await store(at.blobs(), "abc");
    EXPECT_EQ(co_await count(at.blobs()), 1u);
    at.advance(kBlobLeftoverAge * 2);
    const auto none = [](BlobId) -> Task<bool> { co_return false; };
    const BlobSwept swept = co_await sweep(at.blobs(), at.clock(), none);
    EXPECT_EQ(swept.blobs, 1u);
    EXPECT_EQ(swept.drafts, 0u);
  });
  for (const fs::path& other : others) EXPECT_TRUE(fs::exists(other)) << other;
}

TEST(DiskBlobs, TheQuotaGetsBackWhatIsNotUsed) {
  Place place;
  std::atomic<std::int64_t> used{0};
  place.options.room.reserve = [&used](std::uint64_t bytes) {
    if (used + static_cast<std::int64_t>(bytes) > 10'000) return false;
    used += static_cast<std::int64_t>(bytes);
    return true;
  };
  place.options.room.give_back = [&used](std::uint64_t bytes) { used -= static_cast<std::int64_t>(bytes); };
  place.reopen();
  Bytes kept;
  run(place, [&](Place& at) -> Task<> {
    const BlobId id = co_await store(at.blobs(), Bytes(4'000, 'x'));
    EXPECT_EQ(used.load(), 4'000);
    co_await store(at.blobs(), Bytes(4'000, 'x'));
    EXPECT_EQ(used.load(), 4'000);  // It exists once.
    auto draft = co_await draft_of(at.blobs(), Bytes(4'000, 'y'));
    BlobOutcome outcome = co_await draft->write(2'000, Bytes(4'000, 'z'));  // 2,000 are new.
    EXPECT_EQ(outcome, BlobOutcome::kDone);
    EXPECT_EQ(used.load(), 10'000);
    outcome = co_await draft->write(6'000, Bytes(1, 'z'));
    EXPECT_EQ(outcome, BlobOutcome::kNoRoom);
    co_await draft->flush();
    EXPECT_FALSE(co_await at.blobs().erase(id, kBlobGrace));
    EXPECT_EQ(used.load(), 10'000);
    at.advance(3 * kBlobGrace);
    EXPECT_TRUE(co_await at.blobs().erase(id, kBlobGrace));
    EXPECT_TRUE(co_await at.blobs().erase(id, kBlobGrace));
    EXPECT_EQ(used.load(), 6'000);
    kept = draft->name();
    auto other = co_await draft_of(at.blobs(), Bytes(1'000, 'y'));
    EXPECT_EQ(used.load(), 7'000);
    co_await other->abandon();
    EXPECT_EQ(used.load(), 6'000);
  });
  place.reopen();
  EXPECT_EQ(used.load(), 0);  // Drafts count while they are open.
  run(place, [&](Place& at) -> Task<> {
    std::vector<Stretch> there{{0, 6'000}};
    used = 4'001;
    const BlobStarted refused = co_await at.blobs().resume(kept, std::nullopt, there);
    EXPECT_EQ(refused.outcome, BlobOutcome::kNoRoom);
    used = 4'000;
    const BlobStarted resumed = co_await at.blobs().resume(kept, std::nullopt, there);
    EXPECT_EQ(resumed.outcome, BlobOutcome::kDone);
    EXPECT_EQ(used.load(), 10'000);
  });
}

TEST(DiskBlobs, WhatWaitsIsBounded) {
  Place place;
  place.options.drafts_open_max = 3;
  place.options.waiting_size_max = 1'000;
  place.options.reads_max = 0;
  place.reopen();
  run(place, [](Place& at) -> Task<> {
    std::vector<std::unique_ptr<BlobDraft>> drafts;
    for (int i = 0; i < 3; ++i) drafts.push_back(co_await start(at.blobs()));
    const BlobStarted one_more = co_await at.blobs().start(std::nullopt);
    EXPECT_EQ(one_more.outcome, BlobOutcome::kBusy);
    co_await drafts[0]->abandon();
    drafts.erase(drafts.begin());
    BlobOutcome outcome = co_await drafts[0]->write(0, Bytes(1'001, 'x'));
    EXPECT_EQ(outcome, BlobOutcome::kBusy);
    for (int i = 0; i < 3; ++i) {
      outcome = co_await drafts[0]->write(0, Bytes(1'000, 'x'));
      EXPECT_EQ(outcome, BlobOutcome::kDone);
    }
    const BlobId none;
    const std::string failed = co_await failure_of(at.blobs().read(none, 0, 1));
    EXPECT_NE(failed.find("too many reads"), failed.npos);
    // The place of the abandoned one is free soon.
    outcome = BlobOutcome::kBusy;
    for (int i = 0; i < 10'000 && outcome == BlobOutcome::kBusy; ++i) {
      const BlobStarted started = co_await at.blobs().start(std::nullopt);
      outcome = started.outcome;
    }
    EXPECT_EQ(outcome, BlobOutcome::kDone);
  });
}

TEST(DiskBlobs, ABusyDraftLeavesTurnsToOthers) {
  Place place;
  place.options.writer_threads = 1;
  std::mutex mutex;
  std::vector<std::uint64_t> order;  // Sizes of pieces, as they come to the room.
  std::promise<void> all_wait;
  place.options.room.reserve = [&, waited = all_wait.get_future().share()](std::uint64_t bytes) {
    waited.wait();
    const std::lock_guard lock(mutex);
    order.push_back(bytes);
    return true;
  };
  place.reopen();
  run(place, [&](Place& at) -> Task<> {
    const auto busy = co_await start(at.blobs()), other = co_await start(at.blobs());
    TaskGroup group(co_await asio::this_coro::executor);
    for (std::uint64_t i = 0; i < 30; ++i) group.spawn(write_piece(*busy, i, "x"));
    group.spawn(write_piece(*other, 0, "abcdef"));
    // All have been asked for when this has its turn.
    co_await asio::post(co_await asio::this_coro::executor, use_task);
    all_wait.set_value();
    co_await group.join();
  });
  ASSERT_EQ(order.size(), 31u);
  EXPECT_EQ(order[1], 6u);
}

TEST(DiskBlobs, DraftsMayOutliveTheirEngine) {
  Place place;
  std::unique_ptr<BlobDraft> draft;
  run(place, [&](Place& at) -> Task<> { draft = co_await draft_of(at.blobs(), "abc"); });
  place.reopen();
  run(place, [&](Place& at) -> Task<> {
    const std::string failed = co_await failure_of(draft->finish());
    EXPECT_NE(failed.find("stops"), failed.npos) << failed;
    draft.reset();
    EXPECT_TRUE(at.drafts().empty());
    co_await store(at.blobs(), "abc");
  });
}

TEST(DiskBlobs, AClockSetForwardMakesNoBlobOld) {
  Place place;
  run(place, [](Place& at) -> Task<> {
    const BlobId id = co_await store(at.blobs(), "abc");
    at.time.wall_skip += 10 * 365 * 24 * 3600;
    EXPECT_FALSE(co_await at.blobs().erase(id, kBlobGrace));
    at.advance(2 * kBlobGrace);
    EXPECT_TRUE(co_await at.blobs().renew(id));
    at.time.wall_skip += 10 * 365 * 24 * 3600;
    EXPECT_FALSE(co_await at.blobs().erase(id, kBlobGrace));
    at.time.ticks_skip += 2 * kBlobGrace.count();
    EXPECT_TRUE(co_await at.blobs().erase(id, kBlobGrace));
  });
}

TEST(DiskBlobs, NothingIsErasedDuringABackup) {
  Place place;
  run(place, [](Place& at) -> Task<> {
    const BlobId id = co_await store(at.blobs(), "abc");
    at.advance(kBlobLeftoverAge);
    auto one = at.blobs().keep_all(), two = at.blobs().keep_all();
    one.reset();
    EXPECT_FALSE(co_await at.blobs().erase(id, kBlobGrace));
    two.reset();
    EXPECT_TRUE(co_await at.blobs().erase(id, kBlobGrace));
  });
}

TEST(DiskBlobs, ABlobThatIsBeingReadMayBeErasedOrStoredAgain) {
  Place place;
  place.options.reader_threads = 4;
  place.reopen();
  run(place, [](Place& at) -> Task<> {
    // Erased and stored again and again, while others read: all of it or nothing.
    const Bytes whole = content(1, 200'000);
    const BlobId id = co_await store(at.blobs(), whole);
    TaskGroup readers(co_await asio::this_coro::executor);
    for (int i = 0; i < 4; ++i) readers.spawn(read_until_cancelled(at.blobs(), id, whole));
    for (int i = 0; i < 50; ++i) {
      at.advance(3 * kBlobGrace);
      EXPECT_TRUE(co_await at.blobs().erase(id, kBlobGrace));
      co_await store(at.blobs(), whole);
    }
    readers.cancel();
    co_await readers.join();
  });
}

}  // namespace helio::store
