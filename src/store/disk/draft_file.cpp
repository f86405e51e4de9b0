#include "store/disk/draft_file.h"

#include "base/assert.h"
#include "store/disk/engine.h"

namespace helio::store::disk {

namespace {
constexpr std::uint64_t kDigestStep = 16 << 20;  // What finish() reads before others get their turn.
constexpr std::uint64_t kFollowStep = 4 << 20;   // What a piece that fills a hole reads of those behind it.
// Written back on the way, so that neither the kernel's memory nor the wait in finish() grows with the file.
constexpr std::uint64_t kFlushEvery = 32 << 20;
}  // namespace

DraftFile::DraftFile(std::shared_ptr<Engine> engine, Drafts::Name name, File file, std::optional<std::uint64_t> size,
                     Stretches there, bool kept)
    : engine_(std::move(engine)),
      name_(std::move(name)),
      file_(std::move(file)),
      size_(size),
      there_(std::move(there)),
      taken_(there_.size()),
      kept_(kept) {}

DraftFile::~DraftFile() {
  if (!file_) return;
  if (kept_) {
    engine_->room.give_back(taken_);
  } else {
    discard();
  }
}

// Whatever fails, the draft is over; what that means for its file depends on how it fails.
template <class T, class F>
T DraftFile::guarded(T no_room, F work) {
  try {
    return work();
  } catch (const DiskFull&) {
    discard();
    return no_room;
  } catch (const StoreDown&) {
    discard();
    throw;
  } catch (...) {
    file_.reset();
    throw;
  }
}

BlobOutcome DraftFile::write(std::uint64_t offset, View piece) {
  if (!file_) return BlobOutcome::kGone;
  const std::uint64_t end_max = size_.value_or(kBlobSizeMax);
  if (piece.empty() || piece.size() > end_max || offset > end_max - piece.size()) return BlobOutcome::kMisfit;
  const Stretch stretch{offset, offset + piece.size()};
  if (!there_.takes(stretch)) return BlobOutcome::kMisfit;
  return guarded(BlobOutcome::kNoRoom, [&] { return write(stretch, piece); });
}

BlobOutcome DraftFile::write(Stretch stretch, View piece) {
  const std::uint64_t fresh = there_.missing(stretch);
  if (fresh == 0 && file_->read(stretch.from, piece.size()) == piece) return BlobOutcome::kDone;
  if (fresh > 0 && !engine_->room.take(fresh)) return BlobOutcome::kNoRoom;
  taken_ += fresh;
  try {
    file_->write(stretch.from, piece);
  } catch (const DiskFull&) {
    if (fresh < piece.size()) throw;  // It has changed bytes that were there.
    taken_ -= fresh;
    engine_->room.give_back(fresh);
    return BlobOutcome::kNoRoom;
  }
  there_.add(stretch);
  follow(stretch, piece);
  unflushed_ += piece.size();
  if (unflushed_ >= kFlushEvery) flush_file();
  return BlobOutcome::kDone;
}

void DraftFile::follow(Stretch stretch, View piece) {
  if (stretch.from < digest_.size()) {
    // Not again before finish(): a client that changes its mind with every piece must not make us read it all each
    // time.
    digest_.restart();
    following_ = false;
  }
  if (!following_) return;
  if (digest_.size() == stretch.from) digest_.add(piece);
  digest_more(kFollowStep);
}

void DraftFile::digest_more(std::uint64_t bytes_max) {
  const std::uint64_t until = std::min(there_.reached(), digest_.size() + bytes_max);
  while (digest_.size() < until) {
    const Bytes bytes = file_->read(digest_.size(), std::min<std::uint64_t>(until - digest_.size(), kBlobPieceMax));
    if (bytes.empty()) throw StoreDown(file_->path() + " was cut while it was written");
    digest_.add(bytes);
  }
}

void DraftFile::flush_file() {
  file_->flush();
  unflushed_ = 0;
}

BlobOutcome DraftFile::flush() {
  if (!file_) return BlobOutcome::kGone;
  return guarded(BlobOutcome::kNoRoom, [&] {
    flush_file();
    if (!kept_) engine_->drafts.flush();
    kept_ = true;
    return BlobOutcome::kDone;
  });
}

std::optional<BlobStored> DraftFile::finish() {
  if (!file_) return BlobStored{BlobOutcome::kGone};
  if (!there_.whole() || there_.end() != size_.value_or(there_.end())) return BlobStored{BlobOutcome::kMisfit};
  const std::optional<BlobStored> no_room = BlobStored{BlobOutcome::kNoRoom};
  return guarded(no_room, [&]() -> std::optional<BlobStored> {
    digest_more(kDigestStep);
    if (digest_.size() < there_.end()) return std::nullopt;
    return publish();
  });
}

BlobStored DraftFile::publish() {
  const auto reached = [&](View point) {
    if (engine_->options.reached) engine_->options.reached(point);
  };
  const std::uint64_t size = there_.end();
  const Bytes trailer = digest_.trailer();
  const BlobId id = digest_.id();
  if (file_->size() > size) file_->cut(size);  // Part of a piece that found no room, or of an earlier finish().
  file_->write(size, trailer);
  file_->set_time(engine_->clock.now());
  reached("blob.written");
  file_->flush();
  reached("blob.flushed");
  const std::optional<std::uint64_t> replaced = engine_->shelf.place(file_->path(), id);
  if (replaced) engine_->room.give_back(*replaced);
  taken_ = 0;  // It is the blob's now.
  reached("blob.renamed");
  engine_->shelf.settle(id);
  reached("blob.directory_flushed");
  file_.reset();
  return {BlobOutcome::kDone, id, size};
}

BlobOutcome DraftFile::abandon() {
  if (!file_) return BlobOutcome::kGone;
  discard();
  return BlobOutcome::kDone;
}

void DraftFile::discard() noexcept {
  try {
    remove(file_->path());
  } catch (const std::runtime_error&) {
    // It is left to discard_drafts().
  }
  file_.reset();
  engine_->room.give_back(std::exchange(taken_, 0));
}

}  // namespace helio::store::disk
