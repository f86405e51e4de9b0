#include "server/owner_work.h"

#include <charconv>

#include "server/backup/blobs.h"
#include "server/backup/folder.h"
#include "server/backup/take.h"
#include "server/owner_error.h"
#include "store/rocks/check.h"

namespace helio::server {

std::vector<std::string> to_words(const BackupRequest& request) {
  return {request.folder.string(), std::to_string(request.keep), request.quick ? "quick" : "full"};
}

std::optional<BackupRequest> backup_request(const std::vector<std::string>& words) {
  if (words.size() != 3 || (words[2] != "quick" && words[2] != "full")) return std::nullopt;
  BackupRequest request{.folder = words[0], .quick = words[2] == "quick"};
  const auto& keep = words[1];
  const auto [end, error] = std::from_chars(keep.data(), keep.data() + keep.size(), request.keep);
  if (error != std::errc() || end != keep.data() + keep.size()) return std::nullopt;
  if (request.keep == 0 || !request.folder.is_absolute()) return std::nullopt;
  return request;
}

std::string back_up(const BackupRequest& request, const DataFolder& data, store::RocksKv& kv, const Clock& clock,
                    const store::Watch& watch) {
  const backup::TakeOptions options{
      .data = data.path(), .folder = request.folder, .keep = request.keep, .quick = request.quick};
  const auto copy_store = [&](const std::filesystem::path& folder, const store::Watch& watched) {
    return kv.back_up(folder, watched);
  };
  return backup::take(options, copy_store, clock, watch);
}

std::string check(bool quick, const DataFolder& data, store::RocksKv& kv, const store::Watch& watch) {
  const auto report = kv.check(watch);
  const auto blobs = quick ? backup::BlobTotals() : backup::check_blobs(data.blobs(), watch);

  std::string text = std::to_string(report.files) + " files, " + std::to_string(report.partitions) + " partitions (" +
                     std::to_string(report.pending) + " pending), " + std::to_string(report.rows) + " rows of " +
                     backup::size_text(report.size);
  text +=
      quick ? "; blobs not read" : "; " + std::to_string(blobs.blobs) + " blobs of " + backup::size_text(blobs.size);
  const std::uint64_t faults = report.faults + blobs.faults;
  if (faults == 0) return "the store is whole: " + text;

  std::string complaint = "the store is not whole: " + std::to_string(faults) + " faults in " + text;
  for (const auto& fault : report.named) complaint += "\n  " + fault;
  for (const auto& fault : blobs.damaged) complaint += "\n  " + fault;
  throw OwnerError(
      complaint +
      "\nrestore it from a backup (`heliograph restore`), or, if only media are damaged, put those files back");
}

}  // namespace helio::server
