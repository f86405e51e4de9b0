#include "store/rocks/fold.h"

#include <rocksdb/sst_file_writer.h>

#include <algorithm>
#include <span>

#include "store/rocks/layout.h"

namespace helio::store::rocks {

namespace {

namespace fs = std::filesystem;
using Changes = Generation::Changes;

rocksdb::Slice slice(View bytes) {
  return {bytes.data(), bytes.size()};
}

// One table file of a column family. Remembers the first failure.
class Table {
 public:
  Table(Database& database, rocksdb::ColumnFamilyHandle* family, fs::path path)
      : family_(family),
        path_(std::move(path)),
        writer_(rocksdb::EnvOptions(), database->GetOptions(family), family, /*invalidate_page_cache=*/false) {
    status_ = writer_.Open(path_.string());
  }

  void put(View key, View value) { add(writer_.Put(slice(key), slice(value))); }
  void erase(View key) { add(writer_.Delete(slice(key))); }

  // Flushed to the disk.
  rocksdb::Status finish() {
    if (status_.ok() && !empty_) status_ = writer_.Finish();
    return status_;
  }

  bool empty() const { return empty_; }
  rocksdb::IngestExternalFileArg ingestion() const {
    rocksdb::IngestExternalFileArg argument;
    argument.column_family = family_;
    argument.external_files = {path_.string()};
    argument.options.move_files = true;
    argument.options.write_global_seqno = false;
    return argument;
  }

 private:
  void add(const rocksdb::Status& status) {
    if (status_.ok()) status_ = status;
    empty_ = false;
  }

  rocksdb::ColumnFamilyHandle* family_;
  fs::path path_;
  rocksdb::SstFileWriter writer_;
  rocksdb::Status status_;
  bool empty_ = true;
};

bool by_row_prefix(const Changes& a, const Changes& b) {
  return a.partition.size() != b.partition.size() ? a.partition.size() < b.partition.size() : a.partition < b.partition;
}

// Calls on_key(key) for what RocksDB has of a partition in [from, to), in order.
template <class OnKey>
rocksdb::Status each_key(Database& database, const Bytes& prefix, const Hidden& range, OnKey on_key) {
  const Bytes from = prefix + Bytes(range.from), to = prefix + Bytes(range.to);
  const rocksdb::Slice lower(from), upper(to);
  rocksdb::ReadOptions options = read_options();
  options.fill_cache = false;
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<rocksdb::Iterator> row(database->NewIterator(options, database.rows()));
  for (row->SeekToFirst(); row->Valid(); row->Next()) on_key(row->key().ToStringView().substr(prefix.size()));
  return row->status();
}

// RocksDB is told of each erased row, never of a range: its iterators lose errors where ranges are erased
// (read_options()).
rocksdb::Status write_rows(Database& database, std::vector<Changes>& all, Table& table) {
  std::sort(all.begin(), all.end(), by_row_prefix);
  Bytes key;
  for (const Changes& changes : all) {
    const Bytes prefix = row_prefix(changes.partition);
    key = prefix;
    const auto full = [&](View name) -> View {
      key.resize(prefix.size());
      return key.append(name);
    };
    const std::span<const Generation::Entry> rows = Generation::rows(changes);
    auto next = rows.begin();
    const auto write_next = [&] {
      const Row row = (next++)->row();
      if (row.value) {
        table.put(full(row.key), *row.value);
      } else if (!changes.is_new) {
        table.erase(full(row.key));  // What did not exist before needs no erasing.
      }
    };

    const std::vector<Hidden> hidden = changes.is_new ? std::vector<Hidden>() : Generation::hidden(changes);
    for (const Hidden& range : hidden) {
      const auto erase = [&](View name) {
        while (next != rows.end() && next->name() < name) write_next();
        if (next != rows.end() && next->name() == name) {
          write_next();
        } else {
          table.erase(full(name));
        }
      };
      if (const auto status = each_key(database, prefix, range, erase); !status.ok()) return status;
    }
    while (next != rows.end()) write_next();
  }
  return rocksdb::Status::OK();
}

void write_meta(std::vector<Changes>& all, std::uint64_t sequence, Table& table) {
  // In the order of their keys: "folded", then the marks "p" bucket, then the heads "v".
  Bytes folded;
  append_le(folded, sequence);
  table.put(kFoldedKey, folded);

  std::vector<std::pair<Bytes, bool>> marks;
  for (const Changes& changes : all) {
    if (changes.head.pending != changes.was_pending) {
      marks.emplace_back(pending_key(bucket_of(changes.partition), changes.partition), changes.head.pending);
    }
  }
  std::sort(marks.begin(), marks.end());
  for (const auto& [key, pending] : marks) {
    if (pending) {
      table.put(key, {});
    } else {
      table.erase(key);
    }
  }

  std::sort(all.begin(), all.end(), [](const Changes& a, const Changes& b) { return a.partition < b.partition; });
  for (const Changes& changes : all) table.put(head_key(changes.partition), encode_head(changes.head));
}

}  // namespace

rocksdb::Status fold(Database& database, const Generation& generation, const fs::path& scratch,
                     const std::function<void(View)>& reached) {
  const auto at = [&](View point) {
    if (reached) reached(point);
  };
  std::vector<Changes> all = generation.changes();
  // Remains of a fold that was interrupted may be one file with a table of the database: writing over them would write
  // over that.
  for (const auto* name : {"rows.sst", "meta.sst"}) {
    std::error_code error;
    fs::remove(scratch / name, error);
    if (error) return rocksdb::Status::IOError((scratch / name).string(), error.message());
  }
  Table rows(database, database.rows(), scratch / "rows.sst"), meta(database, database.meta(), scratch / "meta.sst");
  if (const auto status = write_rows(database, all, rows); !status.ok()) return status;
  write_meta(all, generation.last_sequence(), meta);
  for (Table* table : {&rows, &meta}) {
    if (const auto status = table->finish(); !status.ok()) return status;
  }
  at("fold.files_written");

  std::vector<rocksdb::IngestExternalFileArg> files{meta.ingestion()};
  if (!rows.empty()) files.push_back(rows.ingestion());
  const auto status = database->IngestExternalFiles(files);
  if (status.ok()) at("fold.ingested");
  // In its list of files, for which it has set room aside. RocksDB 7.8 may go on with numbers of files that are none.
  if (status.IsNoSpace()) return rocksdb::Status::IOError("no room to take files in", status.ToString());
  return status;
}

void make_scratch(const fs::path& scratch) {
  std::error_code error;
  fs::create_directory(scratch, error);
  if (error) throw OpenError("The folder " + scratch.string() + " cannot be made: " + error.message() + ".");
}

}  // namespace helio::store::rocks
