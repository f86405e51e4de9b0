#include "server/backup/restore.h"

#include <algorithm>

#include "server/backup/blobs.h"
#include "server/backup/verify.h"
#include "server/owner_error.h"
#include "store/kv.h"
#include "store/rocks/layout.h"

namespace helio::server::backup {

namespace {

namespace fs = std::filesystem;
namespace rocks = store::rocks;

// In the target while it is not whole.
constexpr const char* kMarker = "restoring";

// How many ids a lost server can have given after the backup, at most (DECISIONS): and a second more for each second
// that passed, so that a backup that is restored again goes beyond what was given after the first time.
std::uint32_t ids_lost_since(std::int64_t taken, std::int64_t now) {
  constexpr std::int64_t kIds = 1 << 20;
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>(kIds + std::max<std::int64_t>(0, now - taken), store::kLostIdsLimit));
}

void refuse_target(const fs::path& data) {
  refuse_half_restored(data);
  if (!is_empty_or_missing(data)) {
    throw OwnerError(data.string() + " is not empty: restore into a folder that is empty or does not exist");
  }
}

void restore_server(const Folder& folder, const Manifest& manifest, const fs::path& data, const store::Watch& watch) {
  const fs::path from = folder.backup(manifest.number);
  const auto copy = [&](const fs::path& source, const fs::path& target) {
    const auto file = std::find_if(manifest.files.begin(), manifest.files.end(),
                                   [name = folder.name_of(source)](const auto& each) { return each.path == name; });
    if (file == manifest.files.end()) return;  // The server had none.
    if (copy_file(source, target, 0600, watch) != file->sum)
      throw damaged("the content of " + source.string() + " has changed");
  };
  make_folder(data / "keys");
  for (const auto* key : {"rsa.pem", "rsa_previous.pem", "secret"}) copy(from / "keys" / key, data / "keys" / key);
  flush_folder(data / "keys");
  copy(from / "heliograph.toml", data / "heliograph.toml");

  make_folder(data / "blobs");
  restore_blobs(from / "blobs", folder.blobs(), data / "blobs", watch);
  copy(from / "blobs_format", data / "blobs" / "format");
  flush_folder(data / "blobs");
}

void restore_store(const Folder& folder, const Manifest& manifest, const fs::path& data, std::uint32_t lost,
                   const store::Watch& watch) {
  say(watch, "restoring the store");
  make_folder(data / "store");
  rocks::restore_backup(folder.store(), manifest.number, data / "store");
  say(watch, "reading the restored store");
  compare(manifest, rocks::content_of_store(data / "store", watch), "the restored store");
  rocks::lose_ids(data / "store", lost);
  flush_folder(data / "store");
}

}  // namespace

void refuse_half_restored(const fs::path& data) {
  if (!is_there(data / kMarker)) return;
  throw OwnerError("a restore into " + data.string() +
                   " was interrupted, and what is in it is not whole: remove the folder, then run `heliograph restore` "
                   "again");
}

std::string restore(const Folder& folder, std::optional<std::uint32_t> number, const fs::path& data, const Clock& clock,
                    const store::Watch& watch) {
  refuse_target(data);
  const FolderLock lock(folder, FolderLock::Use::kRead);
  const Manifest manifest = folder.read(number);
  if (manifest.format > rocks::kFormat) {
    throw OwnerError("backup " + std::to_string(manifest.number) + " has store format " +
                     std::to_string(manifest.format) + ", this release knows " + std::to_string(rocks::kFormat) +
                     ": restore it with a newer release");
  }
  verify_files(folder, manifest, watch);

  refuse_target(data);  // That took a while, and what fails from here on removes what is in it.
  make_folder(data);
  try {
    replace_file(data / kMarker, "backup " + std::to_string(manifest.number) + " of " + folder.path().string() + "\n");
    restore_server(folder, manifest, data, watch);
    restore_store(folder, manifest, data, ids_lost_since(manifest.taken, clock.unixtime()), watch);
    flush_folder(data);
    fs::remove(data / kMarker);
    flush_folder(data);
  } catch (...) {
    // It was empty before. Should this fail, or the process be killed, the marker stands.
    try {
      for (const auto& entry : fs::directory_iterator(data)) {
        if (entry.path().filename() != kMarker) remove_folder(entry.path());
      }
      fs::remove(data / kMarker);
    } catch (const std::exception&) {
    }
    throw;
  }
  return "backup " + std::to_string(manifest.number) + " of " + time_text(manifest.taken) + " is restored in " +
         data.string() + (manifest.content ? ", compared and found equal" : " (taken with --quick: not compared)");
}

}  // namespace helio::server::backup
