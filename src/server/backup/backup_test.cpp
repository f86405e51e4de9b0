// A data folder with a store, keys and blobs; backed up, damaged, restored.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "server/backup/blobs.h"
#include "server/backup/restore.h"
#include "server/backup/take.h"
#include "server/backup/verify.h"
#include "server/owner_error.h"
#include "store/disk/blob_file.h"
#include "store/rocks/rocks_kv.h"

namespace helio::server::backup {

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

// Wall time as the test says; nothing here waits.
class SetClock final : public Clock {
 public:
  Wall now() const override { return Wall(seconds(time)); }
  Ticks ticks() const override { return {}; }
  Task<> sleep_until(Ticks) override { co_return; }
  std::int64_t time = 1'700'000'000;
};

class Backups : public testing::Test {
 protected:
  Backups() {
    Bytes name = (fs::temp_directory_path() / "server_backup_test.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    fs::create_directories(data() / "keys");
    write(data() / "keys" / "rsa.pem", "a key");
    write(data() / "keys" / "secret", "a secret");
    write(data() / "heliograph.toml", "cores = 1\n");
    store::RocksOptions options;
    options.directory = data() / "store";
    options.memory = 16 << 20;
    options.segment_size = 1 << 20;
    options.group_size_max = 256 << 10;
    kv_ = std::make_unique<store::RocksKv>(options);
    add_row("u1");
  }
  ~Backups() override {
    kv_.reset();
    fs::remove_all(path_);
  }

  fs::path data() const { return path_ / "data"; }
  fs::path target() const { return path_ / "target"; }
  Folder folder() const { return Folder(path_ / "backups"); }

  static void write(const fs::path& file, View content) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
  }
  static Bytes read(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  void add_row(const Bytes& partition) {
    store::Batch batch{.partition = partition, .puts = {{"key", Bytes(5000, 'v')}}};
    asio::io_context context;
    run_until_done(context, commit(*kv_, std::move(batch)));
  }
  static Task<> commit(store::Kv& kv, store::Batch batch) {
    const store::Commit done = co_await kv.commit(std::move(batch));
    EXPECT_EQ(done.outcome, store::Outcome::kCommitted);
  }

  // As store/disk would keep it. Returns its path inside a folder of blobs.
  fs::path add_blob(View content) {
    store::disk::Digest digest;
    digest.add(content);
    const Bytes trailer = digest.trailer();
    digest.restart();
    digest.add(content);
    const std::string name = digest.id().hex();
    const fs::path inside = fs::path(name.substr(0, 2)) / name;
    write(data() / "blobs" / inside, Bytes(content) + trailer);
    return inside;
  }

  std::string take_one(std::uint32_t keep = 7, bool quick = false) {
    const TakeOptions options{.data = data(), .folder = folder().path(), .keep = keep, .quick = quick};
    const auto copy = [&](const fs::path& to, const store::Watch& watch) { return kv_->back_up(to, watch); };
    return take(options, copy, clock_, {});
  }
  std::string restore_to_target(std::optional<std::uint32_t> number = std::nullopt) {
    return restore(folder(), number, target(), clock_, {});
  }
  std::string verify_newest() { return verify(folder(), std::nullopt, {}); }

  template <class Work>
  static std::string complaint(Work work) {
    try {
      work();
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }

  // Everything that the newest backup consists of, but the lock.
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder().path())) {
      if (entry.is_regular_file() && entry.path().filename() != "lock") found.push_back(entry.path());
    }
    return found;
  }

  fs::path path_;
  SetClock clock_;
  std::unique_ptr<store::RocksKv> kv_;
};

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 0777;
}

}  // namespace

TEST_F(Backups, ARestoredFolderHasEverything) {
  const fs::path blob = add_blob("a photo");
  write(data() / "blobs" / "format", "a format");
  EXPECT_THAT(take_one(), HasSubstr("1 partitions, 1 rows, 1 blobs"));
  EXPECT_THAT(verify_newest(), HasSubstr("is whole"));
  EXPECT_THAT(restore_to_target(), HasSubstr("found equal"));

  EXPECT_EQ(read(target() / "keys" / "rsa.pem"), "a key");
  EXPECT_EQ(read(target() / "keys" / "secret"), "a secret");
  EXPECT_FALSE(fs::exists(target() / "keys" / "rsa_previous.pem"));
  EXPECT_EQ(read(target() / "heliograph.toml"), "cores = 1\n");
  EXPECT_EQ(read(target() / "blobs" / blob), read(data() / "blobs" / blob));
  EXPECT_EQ(read(target() / "blobs" / "format"), "a format");
  EXPECT_FALSE(fs::exists(target() / "restoring"));
  for (const auto& secret : {folder().path(), folder().backup(1) / "keys", target(), target() / "keys"}) {
    EXPECT_EQ(mode_of(secret), 0700u) << secret;
  }
  EXPECT_EQ(mode_of(target() / "keys" / "rsa.pem"), 0600u);
  EXPECT_EQ(mode_of(folder().backup(1) / "keys" / "rsa.pem"), 0600u);
}

TEST_F(Backups, ARestoredStoreSkipsTheIdsThatMayHaveBeenGiven) {
  take_one();
  clock_.time += 1000;
  restore_to_target();
  EXPECT_EQ(store::RocksKv({.directory = target() / "store"}).lost_ids_max(), (1u << 20) + 1000);
}

TEST_F(Backups, AClockThatWasSetBackTakesNoIdsAway) {
  take_one();
  clock_.time -= 1000;
  restore_to_target();
  EXPECT_EQ(store::RocksKv({.directory = target() / "store"}).lost_ids_max(), 1u << 20);
}

TEST_F(Backups, AnyDamagedFileIsNamedAndNothingIsRestored) {
  add_blob("a photo");
  take_one();
  for (const auto& file : files()) {
    SCOPED_TRACE(file);
    const Bytes content = read(file);
    if (content.empty()) continue;
    Bytes flipped = content;
    flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 4);
    for (const Bytes& bad : {flipped, content.substr(0, content.size() / 2), Bytes(), content + "more"}) {
      write(file, bad);
      EXPECT_THAT(complaint([&] { verify_newest(); }), HasSubstr(file.string())) << bad.size();
      EXPECT_THAT(complaint([&] { restore_to_target(); }), HasSubstr(file.string())) << bad.size();
      EXPECT_FALSE(fs::exists(target()));
    }
    fs::remove(file);
    if (file.filename() == "manifest") {
      EXPECT_THAT(complaint([&] { verify_newest(); }), HasSubstr("no backup"));
    } else {
      EXPECT_THAT(complaint([&] { verify_newest(); }), HasSubstr(file.string()));
    }
    write(file, content);
  }
  EXPECT_THAT(verify_newest(), HasSubstr("is whole"));
}

TEST_F(Backups, AnOlderBackupIsRestoredByItsNumber) {
  take_one();
  add_row("u2");
  take_one();
  EXPECT_THAT(verify(folder(), 1, {}), HasSubstr("1 partitions"));
  EXPECT_THAT(verify_newest(), HasSubstr("2 partitions"));
  EXPECT_THAT(complaint([&] { restore_to_target(3); }), HasSubstr("only 1, 2"));
  restore_to_target(1);
  EXPECT_EQ(store::rocks::content_of_store(target() / "store", {}).partitions, 1u);
}

TEST_F(Backups, ATargetThatIsNotEmptyIsLeftAlone) {
  take_one();
  write(target() / "precious", "bytes");
  EXPECT_THAT(complaint([&] { restore_to_target(); }), HasSubstr("not empty"));
  EXPECT_EQ(std::distance(fs::directory_iterator(target()), {}), 1);
}

TEST_F(Backups, ATargetThatWasHalfRestoredSaysWhatToDo) {
  take_one();
  write(target() / "restoring", "");
  EXPECT_THAT(complaint([&] { restore_to_target(); }), HasSubstr("remove the folder"));
  EXPECT_THAT(complaint([&] { refuse_half_restored(target()); }), HasSubstr("remove the folder"));
}

TEST_F(Backups, ATargetThatGetsFullWhileTheBackupIsVerifiedIsLeftAlone) {
  take_one();
  store::Watch watch;
  watch.says = [&](std::string_view) { write(target() / "precious", "bytes"); };
  const auto try_it = [&] { restore(folder(), std::nullopt, target(), clock_, watch); };
  EXPECT_THAT(complaint(try_it), HasSubstr("not empty"));
  EXPECT_EQ(read(target() / "precious"), "bytes");
}

TEST_F(Backups, AFileThatChangesAfterItWasVerifiedIsNotRestored) {
  take_one();
  store::Watch watch;
  int said = 0;
  watch.says = [&](std::string_view) {  // Once for each file, the secret's is the second.
    if (++said == 4) write(folder().backup(1) / "keys" / "secret", "a sacret");
  };
  const auto try_it = [&] { restore(folder(), std::nullopt, target(), clock_, watch); };
  EXPECT_THAT(complaint(try_it), HasSubstr("secret has changed"));
  EXPECT_TRUE(fs::is_empty(target()));
}

TEST_F(Backups, AMarkerStandsWhileARestoreRuns) {
  take_one();
  store::Watch watch;
  bool stood = false;
  watch.says = [&](std::string_view line) {
    if (line == "reading the restored store") stood = fs::exists(target() / "restoring");
  };
  restore(folder(), std::nullopt, target(), clock_, watch);
  EXPECT_TRUE(stood);
}

TEST_F(Backups, ARestoredStoreThatDiffersIsRefusedAndRemoved) {
  take_one();
  Manifest manifest = folder().read(1);
  manifest.content->digest.back() ^= 1;
  write(folder().manifest(1), to_text(manifest));
  EXPECT_THAT(complaint([&] { verify_newest(); }), HasSubstr("not what was backed up"));
  EXPECT_THAT(complaint([&] { restore_to_target(); }), HasSubstr("not what was backed up"));
  EXPECT_TRUE(fs::is_empty(target()));
}

TEST_F(Backups, OnlyTheNewestAreKept) {
  const fs::path gone = add_blob("erased later"), kept = add_blob("kept");
  take_one(2);
  fs::remove(data() / "blobs" / gone);
  take_one(2);
  EXPECT_TRUE(fs::exists(folder().blobs() / gone)) << "backup 1 needs it";
  take_one(2);
  EXPECT_THAT(folder().finished(), testing::ElementsAre(2, 3));
  EXPECT_THAT(store::rocks::backups_in(folder().store()), testing::ElementsAre(2, 3));
  EXPECT_FALSE(fs::exists(folder().blobs() / gone));
  EXPECT_TRUE(fs::exists(folder().blobs() / kept));
  EXPECT_THAT(verify(folder(), 2, {}), HasSubstr("is whole"));
  EXPECT_THAT(verify(folder(), 3, {}), HasSubstr("is whole"));
}

TEST_F(Backups, ABlobIsCopiedOnce) {
  add_blob("a photo");
  EXPECT_THAT(take_one(), HasSubstr("and 1 blobs are new"));
  add_blob("another");
  EXPECT_THAT(take_one(), HasSubstr("and 1 blobs are new"));
}

TEST_F(Backups, ADamagedBlobIsLeftOutAndNamed) {
  const fs::path blob = add_blob("a photo");
  write(data() / "blobs" / blob, "something else");
  const std::string text = complaint([&] { take_one(); });
  EXPECT_THAT(text, HasSubstr("good, but for 1 blobs"));
  EXPECT_THAT(text, HasSubstr(blob.string()));
  EXPECT_THAT(verify_newest(), HasSubstr("0 blobs"));
  EXPECT_EQ(check_blobs(data() / "blobs", {}).faults, 1u);
}

TEST_F(Backups, ABlobThatCannotBeReadKeepsNothingElseFromBeingBackedUp) {
  const fs::path unreadable = add_blob("on a bad sector"), gone = add_blob("a link to nothing");
  add_blob("a photo");
  for (const auto& [blob, to] : {std::pair(unreadable, "/proc/self/mem"), std::pair(gone, "/proc/self/nothing")}) {
    fs::remove(data() / "blobs" / blob);
    fs::create_symlink(to, data() / "blobs" / blob);  // The first cannot be read, the second has no size.
  }
  const std::string text = complaint([&] { take_one(); });
  EXPECT_THAT(text, HasSubstr("1 blobs that are damaged"));
  EXPECT_THAT(text, HasSubstr(unreadable.string()));
  EXPECT_THAT(verify_newest(), HasSubstr("1 blobs"));
  EXPECT_FALSE(fs::exists(folder().blobs() / (unreadable.string() + ".new")));
  EXPECT_EQ(check_blobs(data() / "blobs", {}).faults, 1u);
}

TEST_F(Backups, HalfACopyOfABlobIsRemovedByTheNext) {
  const fs::path blob = add_blob("a photo");
  write(folder().path() / "lock", "");
  write(folder().blobs() / "ab" / "half.new", "half of one");
  take_one();
  EXPECT_TRUE(fs::is_empty(folder().blobs() / "ab"));
  EXPECT_TRUE(fs::exists(folder().blobs() / blob));
}

TEST_F(Backups, WhatAnInterruptedOneLeftIsRemovedByTheNext) {
  take_one();
  const auto unfinished = kv_->back_up(folder().store(), {}).number;
  write(folder().backup(unfinished) / "keys" / "rsa.pem", "left behind");
  EXPECT_THAT(verify_newest(), HasSubstr("backup 1"));
  take_one();
  EXPECT_EQ(folder().finished().size(), 2u);
  EXPECT_TRUE(folder().unfinished().empty());
  EXPECT_EQ(store::rocks::backups_in(folder().store()), folder().finished());
  EXPECT_NE(read(folder().backup(folder().finished().back()) / "keys" / "rsa.pem"), "left behind");
}

TEST_F(Backups, OneThatFailsLeavesNothingButTheOlderOnes) {
  take_one();
  fs::remove(data() / "heliograph.toml");
  fs::create_directory(data() / "heliograph.toml");  // Cannot be read as a file.
  EXPECT_THAT(complaint([&] { take_one(); }), HasSubstr("heliograph.toml"));
  EXPECT_THAT(folder().finished(), testing::ElementsAre(1));
  EXPECT_THAT(store::rocks::backups_in(folder().store()), testing::ElementsAre(1));
  EXPECT_TRUE(folder().unfinished().empty());
}

TEST_F(Backups, FoldersThatAreNoneAreRefused) {
  write(folder().path() / "holiday.jpg", "bytes");
  EXPECT_THAT(complaint([&] { take_one(); }), HasSubstr("something else"));
  EXPECT_THAT(complaint([&] { verify_newest(); }), HasSubstr("no backup"));
  const auto nothing = [](const fs::path&, const store::Watch&) { return store::rocks::StoreBackup{}; };
  for (const auto& inside : {data(), data() / "backups"}) {
    const TakeOptions options{.data = data(), .folder = inside};
    EXPECT_THAT(complaint([&] { take(options, nothing, clock_, {}); }), HasSubstr("inside the data folder"));
  }
}

TEST_F(Backups, TwoServersDoNotShareAFolder) {
  take_one();
  write(data() / "keys" / "secret", "another one");
  EXPECT_THAT(complaint([&] { take_one(); }), HasSubstr("another server"));
  EXPECT_THAT(folder().finished(), testing::ElementsAre(1));
}

TEST_F(Backups, AFolderThatCannotBeReadIsNotTakenForAnEmptyOne) {
  take_one();
  for (const auto& unreadable : {folder().path() / "backups", folder().manifest(1)}) {
    const fs::path away = path_ / "away";
    fs::rename(unreadable, away);
    fs::create_symlink(unreadable, unreadable);  // Leads to itself: not even that it is not there can be known.
    EXPECT_THAT(complaint([&] { take_one(); }), HasSubstr(unreadable.string()));
    fs::remove(unreadable);
    fs::rename(away, unreadable);
    EXPECT_THAT(verify_newest(), HasSubstr("is whole"));
  }
}

TEST_F(Backups, ADamagedOneKeepsNoNewOneFromBeingMade) {
  take_one();
  write(folder().manifest(1), "no manifest");
  take_one();
  EXPECT_THAT(verify_newest(), HasSubstr("backup 2"));
  EXPECT_THAT(complaint([&] { verify(folder(), 1, {}); }), HasSubstr("not whole"));
}

TEST_F(Backups, AListThatCannotBeReadKeepsNoNewBackupFromBeingMade) {
  const fs::path erased = add_blob("erased later");
  take_one(2);
  take_one(2);
  fs::remove(data() / "blobs" / erased);
  fs::remove(folder().backup(2) / "blobs");
  EXPECT_THAT(take_one(2), HasSubstr("were not removed"));
  EXPECT_THAT(folder().finished(), testing::ElementsAre(2, 3));
  EXPECT_TRUE(fs::exists(folder().blobs() / erased));
  EXPECT_THAT(verify_newest(), HasSubstr("is whole"));
}

TEST_F(Backups, OneAtATime) {
  take_one();
  const FolderLock writer(folder(), FolderLock::Use::kWrite);
  EXPECT_THAT(complaint([&] { take_one(); }), HasSubstr("in use"));
  EXPECT_THAT(complaint([&] { verify_newest(); }), HasSubstr("in use"));
}

TEST_F(Backups, AQuickOneHasNoDigest) {
  take_one(7, true);
  EXPECT_FALSE(folder().read(1).content);
  EXPECT_THAT(verify_newest(), HasSubstr("--quick"));
  EXPECT_THAT(restore_to_target(), HasSubstr("not compared"));
}

}  // namespace helio::server::backup
