#include "store/rocks/backup.h"

#include <rocksdb/sst_file_reader.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/backup_engine.h>

#include <set>

#include "store/rocks/content.h"
#include "store/rocks/database.h"
#include "store/rocks/journal.h"
#include "store/rocks/layout.h"

namespace helio::store::rocks {

namespace {

namespace fs = std::filesystem;

// Where BackupEngine keeps the files that backups share.
constexpr const char* kSharedFolder = "shared_checksum";

constexpr std::size_t kTableCache = 32 << 20;
constexpr int kOpenFilesMax = 512;

[[noreturn]] void fail(const std::string& what, const rocksdb::Status& status) {
  throw BackupFailed(what + ": " + status.ToString() + ".");
}

rocksdb::Slice slice(View bytes) {
  return {bytes.data(), bytes.size()};
}

// A backup that is opened to be read must not get a log file among its own.
class Silent final : public rocksdb::Logger {
 public:
  using Logger::Logv;
  void Logv(const char*, va_list) override {}
};

rocksdb::BackupEngineOptions engine_options(const fs::path& folder) {
  rocksdb::BackupEngineOptions options(folder.string());
  options.sync = true;
  options.share_table_files = true;
  options.share_files_with_checksum = true;
  return options;
}

std::unique_ptr<rocksdb::BackupEngine> open_engine(const fs::path& folder) {
  rocksdb::BackupEngine* engine = nullptr;
  const auto status = rocksdb::BackupEngine::Open(engine_options(folder), rocksdb::Env::Default(), &engine);
  if (!status.ok()) fail("The backups in " + folder.string() + " cannot be opened", status);
  return std::unique_ptr<rocksdb::BackupEngine>(engine);
}

std::unique_ptr<rocksdb::BackupEngineReadOnly> open_to_read(const fs::path& folder) {
  rocksdb::BackupEngineReadOnly* engine = nullptr;
  const auto status = rocksdb::BackupEngineReadOnly::Open(engine_options(folder), rocksdb::Env::Default(), &engine);
  if (!status.ok()) fail("The backups in " + folder.string() + " cannot be opened", status);
  return std::unique_ptr<rocksdb::BackupEngineReadOnly>(engine);
}

rocksdb::BackupInfo info_of(const rocksdb::BackupEngineReadOnlyBase& engine, const fs::path& folder,
                            std::uint32_t number) {
  rocksdb::BackupInfo info;
  const auto status = engine.GetBackupInfo(number, &info, true);
  if (!status.ok()) fail("Backup " + std::to_string(number) + " in " + folder.string() + " cannot be read", status);
  return info;
}

// A database that is only looked at: nothing is written into its folder.
class Opened {
 public:
  Opened(const std::string& name, rocksdb::Env* env) {
    rocksdb::DBOptions options;
    if (env) options.env = env;
    options.info_log = std::make_shared<Silent>();
    options.paranoid_checks = true;
    options.max_open_files = kOpenFilesMax;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;

    rocksdb::BlockBasedTableOptions table;
    table.block_cache = rocksdb::NewLRUCache(kTableCache);
    table.cache_index_and_filter_blocks = true;
    rocksdb::ColumnFamilyOptions family;
    family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const std::string& ours :
         {rocksdb::kDefaultColumnFamilyName, std::string(kRowsFamily), std::string(kMetaFamily)})
      families.emplace_back(ours, family);
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::OpenForReadOnly(options, name, families, &handles_, &db);
    db_.reset(db);
    if (!status.ok()) fail("The database in " + name + " cannot be opened", status);
  }
  Opened(const Opened&) = delete;
  ~Opened() {
    for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  }

  Content content(const Watch& watch) { return content_of(*db_, handles_[1], handles_[2], watch); }

  // An integer of the family meta; 0 when there is none.
  template <class T>
  T number(View key) {
    std::string value;
    const auto status = db_->Get(rocksdb::ReadOptions(), handles_[2], slice(key), &value);
    if (status.IsNotFound()) return 0;
    if (!status.ok()) fail("The entry " + std::string(key) + " cannot be read", status);
    if (value.size() != sizeof(T)) throw BackupFailed("The entry " + std::string(key) + " is damaged.");
    return load_le<T>(value.data());
  }

 private:
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
};

std::set<std::string> shared_files(const fs::path& folder) {
  std::set<std::string> names;
  std::error_code none;
  for (const auto& entry : fs::directory_iterator(folder / kSharedFolder, none)) {
    names.insert(entry.path().filename().string());
  }
  return names;
}

// RocksDB compares checksums of blocks when it reads them; what nobody reads could rot for years.
void verify_blocks(const fs::path& file) {
  rocksdb::Options options;
  rocksdb::SstFileReader reader(options);
  auto status = reader.Open(file.string());
  if (status.ok()) status = reader.VerifyChecksum(rocksdb::ReadOptions());
  if (!status.ok()) {
    throw BackupFailed("The store itself is damaged, as its copy " + file.string() + " shows (" + status.ToString() +
                       "): run `heliograph store check` and restore an older backup.");
  }
}

}  // namespace

StoreBackup back_up(Database& database, const fs::path& folder, const Watch& watch) {
  const auto engine = open_engine(folder);
  const auto before = shared_files(folder);

  StoreBackup made;
  rocksdb::CreateBackupOptions options;
  options.flush_before_backup = true;
  options.decrease_background_thread_cpu_priority = true;
  options.background_thread_cpu_priority = rocksdb::CpuPriority::kLow;
  std::uint64_t steps = 0;
  options.progress_callback = [&] {  // Every 4 MiB; must not throw.
    if (is_stopped(watch)) engine->StopBackup();
    if (++steps % 64 == 0) say(watch, "store copied: " + std::to_string(steps * 4) + " MiB");
  };
  const auto status = engine->CreateNewBackup(options, &*database, &made.number);
  if (!status.ok()) {
    stop_if_asked(watch);
    fail("The store cannot be copied into " + folder.string(), status);
  }

  try {
    stop_if_asked(watch);
    for (const auto& name : shared_files(folder)) {
      stop_if_asked(watch);
      if (!before.contains(name)) verify_blocks(folder / kSharedFolder / name);
    }
    const auto info = info_of(*engine, folder, made.number);
    made.files.push_back("meta/" + std::to_string(made.number));
    for (const auto& file : info.file_details) made.files.push_back(file.relative_filename);

    Opened copy(info.name_for_open, info.env_for_open.get());
    made.format = copy.number<std::uint32_t>(kFormatKey);
    made.buckets = copy.number<std::uint32_t>(kBucketsKey);
    made.sequence = copy.number<std::uint64_t>(kFoldedKey);
  } catch (...) {
    engine->DeleteBackup(made.number);
    throw;
  }
  return made;
}

std::vector<std::uint32_t> backups_in(const fs::path& folder) {
  if (!fs::exists(folder / "meta")) return {};
  const auto engine = open_to_read(folder);
  std::vector<rocksdb::BackupInfo> good;
  std::vector<rocksdb::BackupID> damaged;
  engine->GetBackupInfo(&good);
  engine->GetCorruptedBackups(&damaged);
  std::set<std::uint32_t> numbers(damaged.begin(), damaged.end());
  for (const auto& info : good) numbers.insert(info.backup_id);
  return {numbers.begin(), numbers.end()};
}

void forget_backup(const fs::path& folder, std::uint32_t number) {
  const auto engine = open_engine(folder);
  const auto status = engine->DeleteBackup(number);
  if (!status.ok() && !status.IsNotFound()) {
    fail("Backup " + std::to_string(number) + " in " + folder.string() + " cannot be removed", status);
  }
}

Content content_of_backup(const fs::path& folder, std::uint32_t number, const Watch& watch) {
  const auto engine = open_to_read(folder);
  const auto info = info_of(*engine, folder, number);
  try {
    Opened copy(info.name_for_open, info.env_for_open.get());
    return copy.content(watch);
  } catch (const BackupFailed& failure) {
    throw BackupFailed("The files of the backups in " + folder.string() + " are damaged (" + failure.what() +
                       "): `heliograph backup verify` names them; make the next backup in a new folder.");
  }
}

void restore_backup(const fs::path& folder, std::uint32_t number, const fs::path& store) {
  const auto engine = open_to_read(folder);
  const auto status = engine->RestoreDBFromBackup(number, store.string(), store.string());
  if (!status.ok()) fail("Backup " + std::to_string(number) + " in " + folder.string() + " cannot be restored", status);

  // The copy was made when nothing was in the journal alone: the restored store's begins behind it, empty.
  Opened copy(store.string(), nullptr);
  Journal::create(store / kJournalFolder, copy.number<std::uint64_t>(kFoldedKey));
}

Content content_of_store(const fs::path& store, const Watch& watch) {
  Opened opened(store.string(), nullptr);
  return opened.content(watch);
}

void lose_ids(const fs::path& store, std::uint32_t ids) {
  RocksOptions options;
  options.directory = store;
  Failure failure(nullptr);
  Database database(options, failure);

  std::string value;
  const auto found = database->Get(rocksdb::ReadOptions(), database.meta(), slice(kLostIdsMaxKey), &value);
  if (!found.ok() && !found.IsNotFound()) fail("The restored store cannot be read", found);
  if (found.ok() && value.size() != sizeof(std::uint32_t)) throw BackupFailed("The entry lost_ids_max is damaged.");
  const std::uint32_t lost = found.ok() ? load_le<std::uint32_t>(value.data()) : 0;
  if (lost > kLostIdsLimit || ids > kLostIdsLimit - lost) {
    throw BackupFailed(
        "This backup was restored too often, or is too old, for its message numbers to go on: start a "
        "new server, or choose a newer backup.");
  }

  Bytes entry;
  append_le(entry, lost + ids);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  const auto status = database->Put(synced, database.meta(), slice(kLostIdsMaxKey), entry);
  if (!status.ok()) fail("The restored store cannot be written", status);
}

}  // namespace helio::store::rocks
