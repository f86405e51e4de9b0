#include "server/backup/verify.h"

#include "server/backup/blobs.h"
#include "server/owner_error.h"

namespace helio::server::backup {

namespace {

namespace fs = std::filesystem;
using store::rocks::Content;

std::string text_of(const Content& content) {
  return std::to_string(content.partitions) + " partitions (" + std::to_string(content.pending) + " pending), " +
         std::to_string(content.rows) + " rows of " + size_text(content.size) + ", digest " + content.digest;
}

}  // namespace

void verify_files(const Folder& folder, const Manifest& manifest, const store::Watch& watch) {
  std::uint64_t done = 0, all = 0;
  for (const auto& file : manifest.files) all += file.sum.size;
  for (const auto& file : manifest.files) {
    const fs::path path = folder.path() / file.path;
    if (!is_there(path)) throw damaged(path.string() + " is missing");
    const auto size = fs::file_size(path);
    if (size != file.sum.size) {
      throw damaged(path.string() + " has " + std::to_string(size) + " bytes, not " + std::to_string(file.sum.size));
    }
    if (sum_of(path, watch) != file.sum) throw damaged("the content of " + path.string() + " has changed");
    done += size;
    say(watch, "verified: " + size_text(done) + " of " + size_text(all));
  }
  verify_blobs(folder.backup(manifest.number) / "blobs", folder.blobs(), watch);
}

void compare(const Manifest& manifest, const Content& found, const std::string& where) {
  if (!manifest.content || *manifest.content == found) return;
  throw OwnerError(where + " is not what was backed up: it has " + text_of(found) + ", but the backup was taken with " +
                   text_of(*manifest.content));
}

std::string verify(const Folder& folder, std::optional<std::uint32_t> number, const store::Watch& watch) {
  const FolderLock lock(folder, FolderLock::Use::kRead);
  const Manifest manifest = folder.read(number);
  verify_files(folder, manifest, watch);
  say(watch, "reading the database");
  const Content content = store::rocks::content_of_backup(folder.store(), manifest.number, watch);
  compare(manifest, content, "the database of backup " + std::to_string(manifest.number));
  std::string text = "backup " + std::to_string(manifest.number) + " of " + time_text(manifest.taken) +
                     " is whole: " + std::to_string(manifest.files.size()) + " files, " +
                     std::to_string(manifest.blobs) + " blobs, " + text_of(content);
  if (!manifest.content) text += " (taken with --quick: there is no digest to compare with)";
  return text;
}

}  // namespace helio::server::backup
