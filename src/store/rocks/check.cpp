#include "store/rocks/check.h"

#include <rocksdb/sst_file_reader.h>

#include <algorithm>

#include "store/rocks/database.h"
#include "store/rocks/layout.h"

namespace helio::store::rocks {

namespace {

constexpr std::uint64_t kEntriesPerLine = 1 << 20;

// Names may hold any byte.
std::string shown(View bytes) {
  const bool plain =
      std::all_of(bytes.begin(), bytes.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '\'' && c != '\\'; });
  return plain ? "'" + std::string(bytes) + "'" : "0x" + to_hex(bytes);
}

class Check {
 public:
  Check(Database& database, const Watch& watch) : database_(database), watch_(watch), snapshot_(&*database) {
    options_.snapshot = snapshot_.snapshot();
    options_.fill_cache = false;
    options_.readahead_size = 2 << 20;
    point_ = options_;
    point_.readahead_size = 0;
  }

  CheckReport run() {
    check_files();
    // An iterator may pass over a damaged block: what is missing then would be reported row by row.
    if (report_.faults > 0) return report_;
    check_meta();
    check_rows();
    return report_;
  }

 private:
  void fault(std::string sentence) {
    if (++report_.faults <= kFaultsNamedMax) report_.named.push_back(std::move(sentence));
  }
  void count_entry() {
    if (++entries_ % kEntriesPerLine != 0) return;
    stop_if_asked(watch_);
    say(watch_, "entries checked: " + std::to_string(entries_));
  }

  void check_files() {
    struct Held {  // No compaction may take a file away between its listing and its turn.
      explicit Held(Database& held) : database(held) { database->DisableFileDeletions(); }
      ~Held() { database->EnableFileDeletions(false); }
      Database& database;
    } held(database_);
    std::vector<rocksdb::LiveFileMetaData> files;
    database_->GetLiveFilesMetaData(&files);
    rocksdb::Options options;
    options.env = database_->GetEnv();
    for (const auto& file : files) {
      stop_if_asked(watch_);
      const std::string path = file.directory + "/" + file.relative_filename;
      rocksdb::SstFileReader reader(options);
      auto status = reader.Open(path);
      if (status.ok()) status = reader.VerifyChecksum(rocksdb::ReadOptions());
      if (!status.ok()) fault("The file " + path + " is damaged (" + status.ToString() + "): restore a backup.");
      ++report_.files;
      say(watch_, "files checked: " + std::to_string(report_.files) + " of " + std::to_string(files.size()));
    }
  }

  std::optional<Bytes> find(View key) {
    std::string value;
    const auto status = database_->Get(point_, database_.meta(), rocksdb::Slice(key.data(), key.size()), &value);
    if (status.ok()) return value;
    if (!status.IsNotFound()) fault("The entry " + shown(key) + " cannot be read: " + status.ToString() + ".");
    return std::nullopt;
  }

  void check_meta() {
    const std::unique_ptr<rocksdb::Iterator> entry(database_->NewIterator(options_, database_.meta()));
    for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
      const View key(entry->key().data(), entry->key().size()), value(entry->value().data(), entry->value().size());
      if (key.starts_with('v')) {
        check_head(key.substr(1), value);
      } else if (key.starts_with('p')) {
        check_mark(key.substr(1), value);
      } else {
        check_number(key, value);
      }
      count_entry();
    }
    if (!entry->status().ok()) fault("The partitions cannot be read: " + entry->status().ToString() + ".");
  }

  void check_number(View key, View value) {
    if (key == kFormatKey || key == kBucketsKey || key == kLostIdsMaxKey) {
      if (value.size() != 4)
        fault("The entry " + shown(key) + " is damaged: it has " + std::to_string(value.size()) + " bytes.");
    } else if (key == kFoldedKey) {
      if (value.size() != 8)
        fault("The entry " + shown(key) + " is damaged: it has " + std::to_string(value.size()) + " bytes.");
    } else {
      fault("The entry " + shown(key) + " is none of ours.");
    }
  }

  void check_head(View partition, View value) {
    ++report_.partitions;
    const std::string name = "The partition " + shown(partition);
    if (partition.empty() || partition.size() > kPartitionSizeMax) {
      fault(name + " has a name of " + std::to_string(partition.size()) + " bytes.");
      return;
    }
    const auto head = decode_head(value);
    if (!head) return fault(name + " has a damaged version entry: 0x" + to_hex(value) + ".");
    if (head->version == 0) fault(name + " has the version 0, which means that it does not exist.");
    if (!head->pending) return;
    ++report_.pending;
    if (!find(pending_key(bucket_of(partition), partition))) {
      fault(name + " is pending but is not among the pending ones of its bucket.");
    }
  }

  void check_mark(View bucket_and_partition, View value) {
    if (bucket_and_partition.size() < 2) return fault("A mark of a pending partition has no name.");
    const auto bucket = static_cast<unsigned char>(bucket_and_partition[0]);
    const View partition = bucket_and_partition.substr(1);
    const std::string name = "The mark of the pending partition " + shown(partition);
    if (partition.size() > kPartitionSizeMax) return fault(name + " is too long.");
    if (bucket != bucket_of(partition)) {
      fault(name + " is in bucket " + std::to_string(bucket) + ", not in " + std::to_string(bucket_of(partition)) +
            ".");
    }
    if (!value.empty()) fault(name + " has a value.");
    const auto found = find(head_key(partition));
    const auto head = found ? decode_head(*found) : std::nullopt;
    if (!head || !head->pending) fault(name + " belongs to none that is pending.");
  }

  void check_rows() {
    Bytes partition;  // Of the row before: rows of one lie together.
    const std::unique_ptr<rocksdb::Iterator> row(database_->NewIterator(options_, database_.rows()));
    for (row->SeekToFirst(); row->Valid(); row->Next(), count_entry()) {
      const View stored(row->key().data(), row->key().size());
      const std::size_t length = stored.empty() ? 0 : static_cast<unsigned char>(stored[0]);
      if (length == 0 || length > kPartitionSizeMax || stored.size() < 1 + length) {
        fault("The row " + shown(stored) + " belongs to no partition.");
        continue;
      }
      const View name = stored.substr(1, length), key = stored.substr(1 + length);
      ++report_.rows;
      report_.size += stored.size() + row->value().size();
      if (name != partition) {
        partition = name;
        if (!find(head_key(partition))) fault("The partition " + shown(name) + " has rows but no version.");
      }
      if (key.size() > kKeySizeMax || row->value().size() > kValueSizeMax) {
        fault("A row of the partition " + shown(name) + " is too long: its key has " + std::to_string(key.size()) +
              " bytes, its value " + std::to_string(row->value().size()) + ".");
      }
    }
    if (!row->status().ok()) fault("The rows cannot be read: " + row->status().ToString() + ".");
  }

  Database& database_;
  const Watch& watch_;
  rocksdb::ManagedSnapshot snapshot_;
  rocksdb::ReadOptions options_ = read_options(), point_ = read_options();
  CheckReport report_;
  std::uint64_t entries_ = 0;
};

}  // namespace

CheckReport check(Database& database, const Watch& watch) {
  return Check(database, watch).run();
}

}  // namespace helio::store::rocks
