#include "server/backup/blobs.h"

#include <fstream>
#include <set>

#include "server/backup/files.h"
#include "server/backup/manifest.h"
#include "server/owner_error.h"
#include "store/disk/blob_file.h"

namespace helio::server::backup {

namespace {

namespace fs = std::filesystem;

constexpr int kFolders = 256;
constexpr std::size_t kDamagedNamedMax = 100;
constexpr std::size_t kNameSize = 64;
constexpr std::uint64_t kBlobsPerLine = 1000;

std::string folder_name(int first) {
  const char byte = static_cast<char>(first);
  return to_hex(View(&byte, 1));
}

fs::path path_of(const fs::path& folder, const std::string& name) {
  return folder / name.substr(0, 2) / name;
}

// Names of the blobs in one of the 256 folders.
std::set<std::string> names_in(const fs::path& folder, int first) {
  std::set<std::string> names;
  std::error_code error;
  const fs::path inner = folder / folder_name(first);
  if (!is_there(inner)) return names;
  for (fs::directory_iterator entry(inner, error), end; !error && entry != end; entry.increment(error)) {
    std::string name = entry->path().filename().string();
    if (store::blob_id_of_hex(name) && path_of(folder, name) == entry->path()) names.insert(std::move(name));
  }
  if (error) throw OwnerError("cannot read " + inner.string() + ": " + error.message());
  return names;
}

// What is wrong with a file; empty when it is what its name says.
std::string fault_of(const fs::path& file, const std::string& name, const store::Watch& watch) {
  try {
    auto opened = store::disk::File::open(file.string());
    if (!opened) return file.string() + " is missing";
    store::disk::Verification verification(*std::move(opened));
    while (!verification.step()) store::stop_if_asked(watch);
    return verification.verdict(*store::blob_id_of_hex(name));
  } catch (const store::StoreDown& failure) {
    return failure.what();
  }
}

// A list, read line by line.
class List {
 public:
  explicit List(fs::path path) : path_(std::move(path)), in_(path_) {
    if (!in_) throw OwnerError("cannot read " + path_.string());
    next();
  }
  bool has_more() const { return !name_.empty(); }
  const std::string& name() const { return name_; }
  std::uint64_t size() const { return size_; }
  void next() {
    std::string line;
    name_.clear();
    if (!std::getline(in_, line)) return;
    const auto space = line.find(' ');
    if (space != kNameSize || !store::blob_id_of_hex(View(line).substr(0, kNameSize))) {
      throw damaged(path_.string() + " is no list of blobs");
    }
    name_ = line.substr(0, kNameSize);
    size_ = std::strtoull(line.c_str() + space + 1, nullptr, 10);
  }

 private:
  fs::path path_;
  std::ifstream in_;
  std::string name_;
  std::uint64_t size_ = 0;
};

void say_count(const store::Watch& watch, const char* what, std::uint64_t blobs) {
  if (blobs % kBlobsPerLine == 0) store::say(watch, what + std::to_string(blobs));
}

void add_fault(BlobTotals& totals, std::string sentence) {
  ++totals.faults;
  if (totals.damaged.size() < kDamagedNamedMax) totals.damaged.push_back(std::move(sentence));
}

// False when it is left out: there is no such file any more, or it is not what its name says.
bool copy_blob(const fs::path& source, const fs::path& target, BlobTotals& totals, const store::Watch& watch) {
  const std::string name = source.filename().string();
  const fs::path beside = target.string() + ".new";
  make_folder(target.parent_path());
  try {
    copy_file(source, beside, 0600, watch);
    if (const std::string fault = fault_of(beside, name, watch); !fault.empty()) throw OwnerError(fault);
  } catch (const OwnerError&) {
    fs::remove(beside);
    if (!is_there(source)) return false;
    // Whose fault was it? A photo on a bad sector must not keep everything else from being backed up.
    std::string fault = fault_of(source, name, watch);
    if (fault.empty()) throw;
    add_fault(totals, std::move(fault));
    return false;
  }
  fs::rename(beside, target);
  ++totals.copied;
  return true;
}

}  // namespace

BlobTotals copy_blobs(const fs::path& from, const fs::path& to, const fs::path& list, const store::Watch& watch) {
  BlobTotals totals;
  std::ofstream out(list, std::ios::binary | std::ios::trunc);
  for (int first = 0; first < kFolders; ++first) {
    const std::uint64_t before = totals.copied;
    for (const auto& name : names_in(from, first)) {
      store::stop_if_asked(watch);
      const fs::path source = path_of(from, name), target = path_of(to, name);
      std::error_code unknown;
      const auto size = fs::file_size(source, unknown);
      if (unknown) {
        if (is_there(source)) add_fault(totals, source.string() + " cannot be read: " + unknown.message());
        continue;
      }
      std::error_code missing;
      const auto there = fs::file_size(target, missing);
      if ((missing || there != size) && !copy_blob(source, target, totals, watch)) continue;
      out << name << ' ' << size << '\n';
      ++totals.blobs;
      totals.size += size;
      say_count(watch, "blobs copied: ", totals.blobs);
    }
    if (totals.copied > before) flush_folder(to / folder_name(first));
  }
  out.close();
  if (!out) throw OwnerError("cannot write " + list.string());
  return totals;
}

void verify_blobs(const fs::path& list, const fs::path& folder, const store::Watch& watch) {
  std::uint64_t verified = 0;
  for (List line(list); line.has_more(); line.next()) {
    const std::string fault = fault_of(path_of(folder, line.name()), line.name(), watch);
    if (!fault.empty()) throw damaged(fault);
    say_count(watch, "blobs verified: ", ++verified);
  }
}

void restore_blobs(const fs::path& list, const fs::path& folder, const fs::path& to, const store::Watch& watch) {
  std::uint64_t restored = 0;
  std::string last;
  for (List line(list); line.has_more(); line.next()) {
    const fs::path target = path_of(to, line.name());
    if (!last.empty() && last != target.parent_path()) flush_folder(last);
    last = target.parent_path().string();
    make_folder(last);
    copy_file(path_of(folder, line.name()), target, 0600, watch);
    const std::string fault = fault_of(target, line.name(), watch);
    if (!fault.empty()) throw OwnerError("the restored copy is damaged: " + fault + "; is the disk sound?");
    say_count(watch, "blobs restored: ", ++restored);
  }
  if (!last.empty()) flush_folder(last);
}

void purge_blobs(const fs::path& folder, const std::vector<fs::path>& lists) {
  std::vector<std::unique_ptr<List>> cursors;
  for (const auto& list : lists) cursors.push_back(std::make_unique<List>(list));
  for (int first = 0; first < kFolders; ++first) {
    const std::string prefix = folder_name(first);
    std::set<std::string> needed;
    for (const auto& cursor : cursors) {
      for (; cursor->has_more() && cursor->name().starts_with(prefix); cursor->next()) needed.insert(cursor->name());
    }
    std::error_code none;
    for (const auto& entry : fs::directory_iterator(folder / prefix, none)) {
      if (needed.contains(entry.path().filename().string())) continue;
      std::error_code error;
      fs::remove(entry.path(), error);
      if (error) throw OwnerError("cannot remove " + entry.path().string() + ": " + error.message());
    }
  }
}

BlobTotals check_blobs(const fs::path& folder, const store::Watch& watch) {
  BlobTotals totals;
  for (int first = 0; first < kFolders; ++first) {
    for (const auto& name : names_in(folder, first)) {
      std::error_code unknown;  // Then what is wrong shows below.
      const auto size = fs::file_size(path_of(folder, name), unknown);
      const std::string fault = fault_of(path_of(folder, name), name, watch);
      if (!fault.empty() && !is_there(path_of(folder, name))) continue;  // Erased meanwhile.
      if (!fault.empty()) add_fault(totals, fault);
      ++totals.blobs;
      totals.size += unknown ? 0 : size;
      say_count(watch, "blobs checked: ", totals.blobs);
    }
  }
  return totals;
}

}  // namespace helio::server::backup
