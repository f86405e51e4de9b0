#include "store/disk/shelf.h"

#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/assert.h"
#include "store/disk/blob_file.h"

namespace helio::store::disk {

namespace {

constexpr View kFormat = "heliograph blobs 1\n", kAnyFormat = "heliograph blobs ";

// What a release other than this one would have written.
bool is_other_format(View text) {
  if (!text.starts_with(kAnyFormat) || !text.ends_with('\n')) return false;
  const View number = text.substr(kAnyFormat.size(), text.size() - kAnyFormat.size() - 1);
  return !number.empty() && number.find_first_not_of("0123456789") == View::npos;
}

// With its parents, each of them for ever.
void make_directories(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) return;
  make_directories(path.parent_path());
  make_directory(path);
  flush_directory(path.parent_path());
}

}  // namespace

void Recent::turn() {
  const Ticks now = clock_.ticks();
  if (now - since_ < kBlobGrace) return;
  before_ = now - since_ < 2 * kBlobGrace ? std::move(now_) : Span{};
  now_ = {};
  since_ = now;
}

void Recent::add(const BlobId& id) {
  const std::lock_guard lock(mutex_);
  turn();
  if (now_.ids.size() < kMax) {
    now_.ids.emplace(crypto::view(id.hash));
  } else {
    now_.all = true;
  }
}

bool Recent::holds(const BlobId& id) {
  const std::lock_guard lock(mutex_);
  turn();
  const std::string key(crypto::view(id.hash));
  return now_.all || before_.all || now_.ids.contains(key) || before_.ids.contains(key);
}

Shelf::Shelf(std::string directory, const Clock& clock)
    : directory_(std::move(directory)), clock_(clock), recent_(clock) {
  try {
    open();
  } catch (const StoreDown& failure) {
    throw OpenError("The directory of media cannot be opened: " + std::string(failure.what()));
  } catch (const DiskFull& failure) {
    throw OpenError("The directory of media cannot be made, because the disk is full: " + std::string(failure.what()));
  } catch (const std::filesystem::filesystem_error& failure) {
    throw OpenError("The directory of media cannot be made: " + std::string(failure.what()));
  }
}

void Shelf::open() {
  make_directories(std::filesystem::absolute(directory_));
  const std::string path = directory_ + "/format";
  format_ = File::reopen(path);
  if (!format_) format_ = File::create(path);
  const bool locked = format_ && ::flock(format_->descriptor(), LOCK_EX | LOCK_NB) == 0;
  if (format_ && !locked && errno != EWOULDBLOCK) fail("lock", path, errno);
  if (!locked) {
    throw OpenError("The directory of media " + directory_ + " is in use by another process: stop that one first.");
  }
  const Bytes format = format_->read(0, 1024);
  if (kFormat.size() > format.size() && kFormat.starts_with(format)) {
    // New, or a crash came between here and the flush.
    format_->write(0, kFormat);
    format_->flush();
  } else if (is_other_format(format) && format != kFormat) {
    throw OpenError("The directory of media " + directory_ +
                    " was written by a newer release than this one: use a release that is at least as new.");
  } else if (format != kFormat) {
    throw OpenError("The file " + path +
                    " is damaged: put back what a backup has as `blobs_format`, or restore the backup.");
  }
  // All at once, so that publishing never has to make and flush one.
  for (int first = 0; first < 256; ++first) make_directory(directory_of(static_cast<std::uint8_t>(first)));
  make_directory(drafts());
  flush_directory(directory_);
}

void Shelf::unlock() {
  format_.reset();
}

std::string Shelf::directory_of(std::uint8_t first) const {
  const char byte = static_cast<char>(first);
  return directory_ + "/" + to_hex({&byte, 1});
}

std::string Shelf::path_of(const BlobId& id) const {
  return directory_of(static_cast<std::uint8_t>(id.hash[0])) + "/" + id.hex();
}

std::optional<std::uint64_t> Shelf::place(const std::string& file, const BlobId& id) {
  const std::string path = path_of(id);
  Directory& directory = directory_at(id);
  const std::lock_guard lock(directory.mutex);
  std::optional<std::uint64_t> replaced;
  if (const auto earlier = find(path)) replaced = content_size(earlier->size).value_or(0);
  try {
    rename(file, path);
  } catch (const StoreDown&) {
    directory.broken = true;
    throw;
  }
  ++directory.changed;
  recent_.add(id);
  return replaced;
}

void Shelf::settle(const BlobId& id) {
  Directory& directory = directory_at(id);
  std::uint64_t changed = 0;
  {
    const std::lock_guard lock(directory.mutex);
    if (directory.broken) throw StoreDown(path_of(id) + ": its directory could not be flushed earlier");
    if (directory.flushed == directory.changed) return;
    changed = directory.changed;
  }
  try {
    flush_directory(directory_of(static_cast<std::uint8_t>(id.hash[0])));
  } catch (const std::runtime_error& failure) {
    const std::lock_guard lock(directory.mutex);
    directory.broken = true;
    throw StoreDown(failure.what());  // No DiskFull: the blob has its name already.
  }
  const std::lock_guard lock(directory.mutex);
  directory.flushed = std::max(directory.flushed, changed);
}

bool Shelf::renew(const BlobId& id) {
  {
    const std::lock_guard lock(directory_at(id).mutex);
    if (!touch(path_of(id), clock_.now())) return false;
    recent_.add(id);
  }
  settle(id);
  return true;
}

Shelf::Erased Shelf::erase(const BlobId& id, seconds idle) {
  ASSERT(idle >= kBlobGrace);
  const std::string path = path_of(id);
  const std::lock_guard lock(directory_at(id).mutex);
  const std::optional<Found> found = find(path);
  if (!found) return {.gone = true};
  if (*keepers_ > 0 || recent_.holds(id) || clock_.now() - found->changed < idle) return {};
  // Not flushed: a blob that comes back after a loss of power is swept again.
  remove(path);
  return {.gone = true, .size = content_size(found->size).value_or(0)};
}

std::vector<BlobInfo> Shelf::list(std::uint8_t first) const {
  const std::string directory = directory_of(first);
  std::vector<BlobInfo> blobs;
  for (const std::string& name : names_in(directory)) {
    const std::optional<BlobId> id = blob_id_of_hex(name);
    if (!id || static_cast<std::uint8_t>(id->hash[0]) != first) continue;  // Not ours.
    const std::optional<Found> found = find(directory + "/" + name);
    if (!found) continue;  // Erased meanwhile.
    blobs.push_back({.id = *id, .size = content_size(found->size).value_or(0), .answered = found->changed});
  }
  std::sort(blobs.begin(), blobs.end(), [](const BlobInfo& a, const BlobInfo& b) { return a.id < b.id; });
  return blobs;
}

std::shared_ptr<void> Shelf::keep_all() {
  ++*keepers_;
  return {keepers_.get(), [keepers = keepers_](void*) { --*keepers; }};
}

}  // namespace helio::store::disk
