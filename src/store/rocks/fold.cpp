#include "store/rocks/fold.h"

#include <rocksdb/sst_file_writer.h>

#include <algorithm>

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
  void erase(View from, View to) { add(writer_.DeleteRange(slice(from), slice(to))); }

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

void write_rows(std::vector<Changes>& all, Table& table) {
  std::sort(all.begin(), all.end(), by_row_prefix);
  Bytes key, to;
  for (const Changes& changes : all) {
    key = row_prefix(changes.partition);
    to = key;
    const std::size_t prefix = key.size();
    const auto row = [prefix](Bytes& buffer, View name) -> View {
      buffer.resize(prefix);
      return buffer.append(name);
    };
    // What did not exist before needs no erasing.
    const auto erase_range = [&](const Hidden& range) {
      if (!changes.is_new) table.erase(row(key, range.from), row(to, range.to));
    };
    const auto write = [&](const Row& written) {
      if (written.value) {
        table.put(row(key, written.key), *written.value);
      } else if (!changes.is_new) {
        table.erase(row(key, written.key));
      }
    };
    Generation::each(changes, erase_range, write);
  }
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
  write_rows(all, rows);
  write_meta(all, generation.last_sequence(), meta);
  for (Table* table : {&rows, &meta}) {
    if (const auto status = table->finish(); !status.ok()) return status;
  }
  at("fold.files_written");

  std::vector<rocksdb::IngestExternalFileArg> files{meta.ingestion()};
  if (!rows.empty()) files.push_back(rows.ingestion());
  const auto status = database->IngestExternalFiles(files);
  if (status.ok()) at("fold.ingested");
  return status;
}

void make_scratch(const fs::path& scratch) {
  std::error_code error;
  fs::create_directory(scratch, error);
  if (error) throw OpenError("The folder " + scratch.string() + " cannot be made: " + error.message() + ".");
}

}  // namespace helio::store::rocks
