#include "store/rocks/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "store/rocks/database.h"
#include "store/rocks/layout.h"
#include "store/testing/scratch.h"

namespace helio::store::rocks {

namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// A database without the rest of the engine: what is wrong is written straight into it.
class RocksCheck : public testing::Test {
 protected:
  RocksCheck() : failure_([](std::string_view) {}) {
    Bytes name = (scratch_folder() / "check_test.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
    RocksOptions options;
    options.directory = path_;
    options.memory = 16 << 20;
    database_ = std::make_unique<Database>(options, failure_);
    for (const char* name : {"u1", "u2", "a-longer-name"}) {
      put_meta(head_key(name), encode_head({.version = 3, .pending = false}));
      put_row(row_prefix(name) + "key", "value");
    }
    put_meta(head_key("p1"), encode_head({.version = 1, .pending = true}));
    put_meta(pending_key(bucket_of("p1"), "p1"), "");
  }
  ~RocksCheck() override {
    database_.reset();
    fs::remove_all(path_);
  }

  void put_meta(const Bytes& key, const Bytes& value) {
    ASSERT_TRUE((*database_)->Put(rocksdb::WriteOptions(), database_->meta(), key, value).ok());
  }
  void erase_meta(const Bytes& key) {
    ASSERT_TRUE((*database_)->Delete(rocksdb::WriteOptions(), database_->meta(), key).ok());
  }
  void put_row(const Bytes& key, const Bytes& value) {
    ASSERT_TRUE((*database_)->Put(rocksdb::WriteOptions(), database_->rows(), key, value).ok());
  }
  CheckReport report() { return check(*database_, {}); }
  std::vector<std::string> faults() { return report().named; }

  Failure failure_;
  fs::path path_;
  std::unique_ptr<Database> database_;
};

}  // namespace

TEST_F(RocksCheck, AWholeStoreHasNoFaults) {
  const CheckReport found = report();
  EXPECT_THAT(found.named, ElementsAre());
  EXPECT_EQ(found.faults, 0u);
  EXPECT_EQ(found.partitions, 4u);
  EXPECT_EQ(found.pending, 1u);
  EXPECT_EQ(found.rows, 3u);
}

TEST_F(RocksCheck, RowsWithoutAVersionAreNamed) {
  erase_meta(head_key("u2"));
  EXPECT_THAT(faults(), ElementsAre(AllOf(HasSubstr("'u2'"), HasSubstr("no version"))));
}

TEST_F(RocksCheck, ADamagedVersionIsNamed) {
  put_meta(head_key("u1"), "12345678");
  EXPECT_THAT(faults(), ElementsAre(AllOf(HasSubstr("'u1'"), HasSubstr("damaged"))));
}

TEST_F(RocksCheck, TheVersionZeroIsNamed) {
  put_meta(head_key("u1"), encode_head({.version = 0, .pending = false}));
  EXPECT_THAT(faults(), ElementsAre(AllOf(HasSubstr("'u1'"), HasSubstr("version 0"))));
}

TEST_F(RocksCheck, APendingPartitionWithoutAMarkIsNamed) {
  erase_meta(pending_key(bucket_of("p1"), "p1"));
  EXPECT_THAT(faults(), ElementsAre(AllOf(HasSubstr("'p1'"), HasSubstr("not among the pending"))));
}

TEST_F(RocksCheck, AMarkWithoutAPendingPartitionIsNamed) {
  put_meta(pending_key(bucket_of("u1"), "u1"), "");
  put_meta(pending_key(bucket_of("nobody"), "nobody"), "");
  EXPECT_THAT(faults(), testing::UnorderedElementsAre(AllOf(HasSubstr("'u1'"), HasSubstr("none that is pending")),
                                                      AllOf(HasSubstr("'nobody'"), HasSubstr("none that is pending"))));
}

TEST_F(RocksCheck, AMarkInAnotherBucketIsNamed) {
  put_meta(pending_key((bucket_of("p1") + 1) % kBuckets, "p1"), "");
  EXPECT_THAT(faults(), ElementsAre(AllOf(HasSubstr("'p1'"), HasSubstr("bucket"))));
}

TEST_F(RocksCheck, WhatIsNoneOfOursIsNamed) {
  put_meta("zebra", "stripes");
  put_row(Bytes(1, '\0'), "no partition");
  put_row(
      "\x05"
      "abc",
      "a name that is cut");
  put_meta("folded", "1234");
  EXPECT_THAT(faults(), testing::UnorderedElementsAre(HasSubstr("'zebra'"), HasSubstr("0x00"), HasSubstr("0x05616263"),
                                                      HasSubstr("'folded'")));
}

TEST_F(RocksCheck, RowsBeyondTheLimitsAreNamed) {
  put_row(row_prefix("u1") + Bytes(kKeySizeMax + 1, 'k'), "");
  put_row(row_prefix("u1") + "big", Bytes(kValueSizeMax + 1, 'v'));
  EXPECT_THAT(faults(), ElementsAre(HasSubstr("too long"), HasSubstr("too long")));
}

TEST_F(RocksCheck, EveryDamagedFileIsNamed) {
  const rocksdb::FlushOptions flush;
  ASSERT_TRUE((*database_)->Flush(flush, {database_->rows(), database_->meta()}).ok());
  std::vector<std::string> damaged;
  for (const auto& entry : fs::directory_iterator(path_)) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('\x7f');
    damaged.push_back(entry.path().filename().string());
  }
  ASSERT_EQ(damaged.size(), 2u);
  EXPECT_THAT(faults(), testing::UnorderedElementsAre(HasSubstr(damaged[0]), HasSubstr(damaged[1])));
}

TEST_F(RocksCheck, CountsMoreFaultsThanItNames) {
  for (int i = 0; i < 150; ++i) put_meta(head_key("x" + std::to_string(i)), "bad");
  EXPECT_EQ(report().faults, 150u);
  EXPECT_EQ(report().named.size(), kFaultsNamedMax);
}

}  // namespace helio::store::rocks
