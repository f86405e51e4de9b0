#include "server/backup/take.h"

#include <algorithm>
#include <map>

#include "server/backup/blobs.h"
#include "server/backup/folder.h"
#include "server/backup/verify.h"
#include "server/owner_error.h"

namespace helio::server::backup {

namespace {

namespace fs = std::filesystem;
namespace rocks = store::rocks;

constexpr const char* kStoreFolder = "store/";
constexpr View kSharedFiles = "store/shared_checksum/";

class Taking {
 public:
  Taking(const TakeOptions& options, const store::Watch& watch)
      : options_(options), watch_(watch), folder_(options.folder) {}

  std::string run(const CopyStore& copy_store, const Clock& clock) {
    const auto started = clock.ticks();
    refuse_inside();
    const FolderLock lock(folder_, FolderLock::Use::kWrite);
    refuse_another_server();
    for (const auto& inner : {folder_.store(), folder_.blobs(), folder_.path() / "backups"}) make_folder(inner);
    remove_remains();

    Manifest manifest;
    manifest.taken = clock.unixtime();
    say(watch_, "copying the store");
    const rocks::StoreBackup store = copy_store(folder_.store(), watch_);
    BlobTotals blobs;
    try {
      manifest.number = store.number;
      manifest.format = store.format;
      manifest.buckets = store.buckets;
      manifest.sequence = store.sequence;
      if (!options_.quick) {
        say(watch_, "reading the copy");
        manifest.content = rocks::content_of_backup(folder_.store(), store.number, watch_);
      }
      make_folder(folder_.backup(manifest.number));
      copy_server(manifest);
      blobs = copy_all_blobs(manifest);
      add_store(manifest, store.files);
      stop_if_asked(watch_);
      replace_file(folder_.manifest(manifest.number), to_text(manifest));
    } catch (...) {
      // A disk that is full wants its room back now. What does not work here is done by the next backup.
      try {
        remove_unfinished(store.number);
      } catch (const std::exception&) {
      }
      throw;
    }
    purge();
    const auto took = std::chrono::duration_cast<seconds>(clock.ticks() - started).count();
    return say_what_was_made(manifest, blobs, took);
  }

 private:
  // On the disk of the server a backup is none; and the next one would hold this one.
  void refuse_inside() {
    const auto data = fs::weakly_canonical(options_.data), folder = fs::weakly_canonical(options_.folder);
    const auto [end, at] = std::mismatch(data.begin(), data.end(), folder.begin(), folder.end());
    if (end == data.end()) {
      throw OwnerError(options_.folder.string() + " lies inside the data folder " + options_.data.string() +
                       ": choose a folder elsewhere, best on another disk");
    }
  }

  // Two servers in one folder would push out each other's backups. The secret is drawn once in a server's life.
  void refuse_another_server() {
    const fs::path secret = options_.data / "keys" / "secret";
    if (!is_there(secret)) return;
    const Sum ours = sum_of(secret, watch_);
    for (const auto& manifest : readable_manifests()) {
      const std::string copy = folder_.name_of(folder_.backup(manifest.number) / "keys" / "secret");
      for (const auto& file : manifest.files) {
        if (file.path != copy || file.sum == ours) continue;
        throw OwnerError(folder_.path().string() + " holds the backups of another server: choose another folder");
      }
    }
  }

  // A damaged one is no reason to go without new ones: `backup verify` says what is wrong with it.
  std::vector<Manifest> readable_manifests() const {
    std::vector<Manifest> manifests;
    for (const auto number : folder_.finished()) {
      try {
        manifests.push_back(folder_.read(number));
      } catch (const OwnerError&) {
      }
    }
    return manifests;
  }

  // The manifest is what makes a backup: without one, it was interrupted.
  void remove_remains() {
    for (const auto number : folder_.unfinished()) remove_folder(folder_.backup(number));
    const auto whole = folder_.finished();
    for (const auto number : rocks::backups_in(folder_.store())) {
      if (!std::binary_search(whole.begin(), whole.end(), number)) rocks::forget_backup(folder_.store(), number);
    }
  }

  void remove_unfinished(std::uint32_t number) {
    if (is_there(folder_.manifest(number))) return;  // It got its name after all.
    remove_folder(folder_.backup(number));
    rocks::forget_backup(folder_.store(), number);
  }

  // The keys make it the same server to its clients, the settings to its owner.
  void copy_server(Manifest& manifest) {
    const fs::path target = folder_.backup(manifest.number);
    const auto copy = [&](const fs::path& from, const fs::path& to) {
      if (!is_there(from)) return;
      manifest.files.push_back({folder_.name_of(to), copy_file(from, to, 0600, watch_)});
    };
    make_folder(target / "keys");
    for (const auto* key : {"rsa.pem", "rsa_previous.pem", "secret"}) {
      copy(options_.data / "keys" / key, target / "keys" / key);
    }
    flush_folder(target / "keys");
    copy(options_.data / "heliograph.toml", target / "heliograph.toml");
    copy(options_.data / "blobs" / "format", target / "blobs_format");
  }

  BlobTotals copy_all_blobs(Manifest& manifest) {
    say(watch_, "copying blobs");
    const fs::path list = folder_.backup(manifest.number) / "blobs";
    BlobTotals totals = copy_blobs(options_.data / "blobs", folder_.blobs(), list, watch_);
    flush_file(list);
    flush_folder(folder_.backup(manifest.number));
    manifest.blobs = totals.blobs;
    manifest.blobs_size = totals.size;
    manifest.files.push_back({folder_.name_of(list), sum_of(list, watch_)});
    return totals;
  }

  // Files that earlier backups have too never change: their checksums are those of then, so that what has become of
  // them since shows. New ones are read back.
  void add_store(Manifest& manifest, const std::vector<std::string>& files) {
    say(watch_, "checksumming what is new");
    std::map<std::string, Sum> known;
    for (const auto& earlier : readable_manifests()) {
      for (const auto& file : earlier.files) {
        if (file.path.starts_with(kSharedFiles)) known[file.path] = file.sum;
      }
    }
    for (const auto& name : files) {
      const std::string path = kStoreFolder + name;
      const auto found = known.find(path);
      const Sum sum = found != known.end() ? found->second : sum_of(folder_.path() / path, watch_);
      size_ += sum.size;
      if (found == known.end()) copied_ += sum.size;
      manifest.files.push_back({path, sum});
    }
  }

  void purge() {
    const auto numbers = folder_.finished();
    const std::size_t surplus = numbers.size() - std::min<std::size_t>(numbers.size(), options_.keep);
    for (std::size_t i = 0; i < surplus; ++i) {
      say(watch_, "removing backup " + std::to_string(numbers[i]));
      // Whatever happens from here on: half a backup is none.
      fs::remove(folder_.manifest(numbers[i]));
      flush_folder(folder_.backup(numbers[i]));
      remove_folder(folder_.backup(numbers[i]));
      rocks::forget_backup(folder_.store(), numbers[i]);
    }
    std::vector<fs::path> lists;
    for (std::size_t i = surplus; i < numbers.size(); ++i) lists.push_back(folder_.backup(numbers[i]) / "blobs");
    try {
      purge_blobs(folder_.blobs(), lists);
    } catch (const std::exception& error) {
      // The new backup is whole all the same. Too many blobs do no harm.
      not_purged_ = error.what();
    }
  }

  // Throws it where an owner has to act: what is damaged is rarely looked at.
  std::string say_what_was_made(const Manifest& manifest, const BlobTotals& blobs, std::int64_t took) const {
    std::string text = "backup " + std::to_string(manifest.number) + " in " + folder_.path().string() + ": ";
    if (manifest.content) {
      text += std::to_string(manifest.content->partitions) + " partitions, " + std::to_string(manifest.content->rows) +
              " rows, ";
    }
    text += std::to_string(manifest.blobs) + " blobs; " + size_text(size_ + manifest.blobs_size) + ", of which " +
            size_text(copied_) + " of the store and " + std::to_string(blobs.copied) + " blobs are new; " +
            std::to_string(took) + " s";
    if (!not_purged_.empty()) text += "\nblobs that no backup needs were not removed: " + not_purged_;
    if (blobs.faults == 0) return text;
    text +=
        "\nthis backup is good, but for " + std::to_string(blobs.faults) +
        " blobs that are damaged in the data folder and not in it; put them back from an older backup, or remove them:";
    for (const auto& fault : blobs.damaged) text += "\n  " + fault;
    throw OwnerError(text);
  }

  const TakeOptions& options_;
  const store::Watch& watch_;
  const Folder folder_;
  std::uint64_t size_ = 0, copied_ = 0;  // Bytes of the store's files.
  std::string not_purged_;               // Why.
};

}  // namespace

std::string take(const TakeOptions& options, const CopyStore& copy_store, const Clock& clock,
                 const store::Watch& watch) {
  return Taking(options, watch).run(copy_store, clock);
}

}  // namespace helio::server::backup
