#include "store/disk/disk_blobs.h"

#include "base/assert.h"
#include "store/disk/draft_file.h"
#include "store/disk/engine.h"
#include "store/disk/turns.h"
#include "store/disk/work.h"
#include "store/pool.h"

namespace helio::store {

namespace disk {

namespace {

RoomOptions with_space(RoomOptions options, const std::string& directory) {
  if (!options.space) options.space = [directory] { return disk_space(directory); };
  return options;
}

// A draft as its owner has it: what it asks is done in turns by the engine's writers.
class DiskDraft final : public BlobDraft {
 public:
  struct Parts {
    std::shared_ptr<Engine> engine;
    std::weak_ptr<Pool> writers;
    std::shared_ptr<DraftFile> file = nullptr;
    std::shared_ptr<Turns> turns = std::make_shared<Turns>();
    Held::Counter asked = Held::counter();

    static constexpr std::size_t kAskedMax = 64;
    std::optional<Held> ask() const { return Held::take(asked, kAskedMax, 1); }
  };

  explicit DiskDraft(Parts parts) : name_(parts.file->name()), parts_(std::move(parts)) {}
  ~DiskDraft() override {
    // The last of it ends where the disk may be waited for.
    Turns::submit(parts_.turns, parts_.writers, [file = std::move(parts_.file)]() mutable { file.reset(); });
  }

  Bytes name() const override { return name_; }
  Task<BlobOutcome> write(std::uint64_t offset, Bytes piece) override {
    ASSERT(piece.size() <= kBlobPieceMax);
    return write(parts_, offset, std::move(piece));
  }
  Task<BlobOutcome> flush() override { return simply(parts_, &DraftFile::flush); }
  Task<BlobStored> finish() override { return finish(parts_); }
  Task<BlobOutcome> abandon() override { return simply(parts_, &DraftFile::abandon); }

 private:
  static auto submitter(const Parts& parts) {
    return [turns = parts.turns, writers = parts.writers](Function<void()> work) {
      return Turns::submit(turns, writers, std::move(work));
    };
  }

  // They may outlast this object.
  static Task<BlobOutcome> write(Parts parts, std::uint64_t offset, Bytes piece) {
    std::optional<Held> turn = parts.ask();
    std::optional<Held> waiting =
        Held::take(parts.engine->waiting, parts.engine->options.waiting_size_max, piece.size());
    if (!turn || !waiting) co_return BlobOutcome::kBusy;
    Function<BlobOutcome()> work = [file = parts.file, offset, piece = std::move(piece), turn = std::move(*turn),
                                    waiting = std::move(*waiting)] { return file->write(offset, piece); };
    auto submit = submitter(parts);
    const BlobOutcome outcome = co_await done_by<BlobOutcome>(std::move(submit), std::move(work));
    co_return outcome;
  }

  static Task<BlobOutcome> simply(Parts parts, BlobOutcome (DraftFile::*method)()) {
    std::optional<Held> turn = parts.ask();
    if (!turn) co_return BlobOutcome::kBusy;
    Function<BlobOutcome()> work = [file = parts.file, method, turn = std::move(*turn)] { return ((*file).*method)(); };
    auto submit = submitter(parts);
    const BlobOutcome outcome = co_await done_by<BlobOutcome>(std::move(submit), std::move(work));
    co_return outcome;
  }

  static Task<BlobStored> finish(Parts parts) {
    const std::optional<Held> turn = parts.ask();
    if (!turn) co_return BlobStored{BlobOutcome::kBusy};
    std::optional<BlobStored> stored;
    while (!stored) {
      Function<std::optional<BlobStored>()> work = [file = parts.file] { return file->finish(); };
      auto submit = submitter(parts);
      stored = co_await done_by<std::optional<BlobStored>>(std::move(submit), std::move(work));
    }
    co_return *stored;
  }

  const Bytes name_;
  Parts parts_;
};

struct OpenedDraft {
  BlobOutcome outcome = BlobOutcome::kGone;
  std::shared_ptr<DraftFile> file = nullptr;
};

OpenedDraft start_draft(std::shared_ptr<Engine> engine, std::optional<std::uint64_t> size) {
  if (!engine->room.any()) return {BlobOutcome::kNoRoom};
  while (true) {
    std::optional<Drafts::Name> name = engine->drafts.take_new();
    if (!name) return {BlobOutcome::kBusy};
    std::optional<File> file;
    try {
      file = File::create(name->path());
    } catch (const DiskFull&) {
      return {BlobOutcome::kNoRoom};
    }
    if (!file) continue;  // A leftover of this name: only with chance from a seed.
    return {BlobOutcome::kDone,
            std::make_shared<DraftFile>(engine, std::move(*name), std::move(*file), size, Stretches{}, /*kept=*/false)};
  }
}

OpenedDraft resume_draft(std::shared_ptr<Engine> engine, const std::string& text, std::optional<std::uint64_t> size,
                         Stretches there) {
  std::optional<Drafts::Name> name = engine->drafts.take(text);
  if (!name) return {BlobOutcome::kBusy};
  std::optional<File> file = File::reopen(name->path());
  // With two names it would be a published blob as well, after a loss of power on a file system that renames in two
  // steps; and a file that lost its end was not flushed as the caller says.
  if (!file || file->links() != 1 || file->size() < there.end()) return {BlobOutcome::kGone};
  if (!engine->room.take(there.size())) return {BlobOutcome::kNoRoom};
  return {BlobOutcome::kDone,
          std::make_shared<DraftFile>(engine, std::move(*name), std::move(*file), size, std::move(there), true)};
}

// Runs `work` on `pool`, which its caller owns.
template <class T>
Task<T> on(std::weak_ptr<Pool> pool, Function<T()> work) {
  auto submit = [pool = std::move(pool)](Function<void()> task) {
    const std::shared_ptr<Pool> threads = pool.lock();
    return threads && threads->submit(std::move(task));
  };
  return done_by<T>(std::move(submit), std::move(work));
}

Task<BlobStarted> opened(std::shared_ptr<Engine> engine, std::weak_ptr<Pool> writers, Function<OpenedDraft()> work) {
  OpenedDraft draft = co_await on<OpenedDraft>(writers, std::move(work));
  BlobStarted started{.outcome = draft.outcome};
  if (draft.file) {
    DiskDraft::Parts parts{.engine = std::move(engine), .writers = std::move(writers), .file = std::move(draft.file)};
    started.draft = std::make_unique<DiskDraft>(std::move(parts));
  }
  co_return started;
}

Task<BlobStarted> answered(BlobOutcome outcome) {
  co_return BlobStarted{.outcome = outcome};
}

bool is_size(std::optional<std::uint64_t> size) {
  return !size || (*size > 0 && *size <= kBlobSizeMax);
}

Task<std::optional<Bytes>> read_part(std::shared_ptr<Engine> engine, std::weak_ptr<Pool> readers, BlobId id,
                                     std::uint64_t offset, std::size_t size) {
  std::optional<Held> held = Held::take(engine->reading, engine->options.reads_max, 1);
  if (!held) throw StoreDown("too many reads of media wait for the disk");
  Function<std::optional<Bytes>()> work = [engine, id, offset, size,
                                           held = std::move(*held)]() -> std::optional<Bytes> {
    const std::optional<File> file = File::open(engine->shelf.path_of(id));
    if (!file) return std::nullopt;
    return read_content(*file, offset, size);
  };
  std::optional<Bytes> bytes = co_await on<std::optional<Bytes>>(std::move(readers), std::move(work));
  co_return bytes;
}

// A verification under way, or its result.
struct Verifying {
  std::optional<Verification> file;
  std::optional<BlobCheck> check;
};

void verify_more(Engine& engine, const BlobId& id, Verifying& verifying) {
  try {
    if (!verifying.file) {
      std::optional<File> file = File::open(engine.shelf.path_of(id));
      if (!file) {
        verifying.check = BlobCheck{};
        return;
      }
      verifying.file.emplace(std::move(*file));
    }
    if (!verifying.file->step()) return;
    const std::string verdict = verifying.file->verdict(id);
    verifying.check = BlobCheck{verdict.empty() ? BlobCheck::kIntact : BlobCheck::kDamaged, verdict};
  } catch (const StoreDown& failure) {
    verifying.check = BlobCheck{BlobCheck::kDamaged, failure.what()};
  }
}

Task<BlobCheck> verify_whole(std::shared_ptr<Engine> engine, std::weak_ptr<Pool> readers, BlobId id) {
  const auto verifying = std::make_shared<Verifying>();
  while (!verifying->check) {
    Function<bool()> work = [engine, id, verifying] {
      verify_more(*engine, id, *verifying);
      return true;
    };
    co_await on<bool>(readers, std::move(work));
  }
  co_return *verifying->check;
}

}  // namespace

Engine::Engine(DiskOptions given, const Clock& time, Random& random)
    : options(std::move(given)),
      clock(time),
      shelf(options.directory, time),
      room(with_space(options.room, options.directory), time),
      drafts(shelf.drafts(), time, random, options.drafts_open_max) {}

}  // namespace disk

using namespace disk;

DiskBlobs::DiskBlobs(DiskOptions options, const Clock& clock, Random& random)
    : engine_(std::make_shared<Engine>(std::move(options), clock, random)),
      readers_(std::make_shared<Pool>(engine_->options.reader_threads)),
      writers_(std::make_shared<Pool>(engine_->options.writer_threads)) {}

DiskBlobs::~DiskBlobs() {
  readers_->stop();
  writers_->stop();
  engine_->shelf.unlock();
}

Task<BlobStarted> DiskBlobs::start(std::optional<std::uint64_t> size) {
  if (!is_size(size)) return answered(BlobOutcome::kMisfit);
  return opened(engine_, writers_, [engine = engine_, size] { return start_draft(engine, size); });
}

Task<BlobStarted> DiskBlobs::resume(Bytes name, std::optional<std::uint64_t> size, std::vector<Stretch> there) {
  if (!Drafts::is_name(name)) return answered(BlobOutcome::kGone);
  if (!is_size(size)) return answered(BlobOutcome::kMisfit);
  Stretches stretches;
  for (const Stretch& stretch : there) {
    const bool fits = stretch.from < stretch.to && stretch.to <= size.value_or(kBlobSizeMax) && stretches.add(stretch);
    if (!fits) return answered(BlobOutcome::kMisfit);
  }
  return opened(engine_, writers_,
                [engine = engine_, name = std::move(name), size, stretches = std::move(stretches)]() mutable {
                  return resume_draft(engine, name, size, std::move(stretches));
                });
}

Task<std::optional<Bytes>> DiskBlobs::read(BlobId id, std::uint64_t offset, std::size_t size) {
  ASSERT(size <= kBlobPieceMax);
  return read_part(engine_, readers_, id, offset, size);
}

Task<std::optional<std::uint64_t>> DiskBlobs::size_of(BlobId id) {
  return on<std::optional<std::uint64_t>>(readers_, [engine = engine_, id]() -> std::optional<std::uint64_t> {
    const std::string path = engine->shelf.path_of(id);
    const std::optional<Found> found = find(path);
    if (!found) return std::nullopt;
    const std::optional<std::uint64_t> size = content_size(found->size);
    if (!size) throw StoreDown(path + " is damaged: no blob has its length");
    return size;
  });
}

Task<bool> DiskBlobs::renew(BlobId id) {
  return on<bool>(writers_, [engine = engine_, id] { return engine->shelf.renew(id); });
}

Task<BlobCheck> DiskBlobs::verify(BlobId id) {
  return verify_whole(engine_, readers_, id);
}

Task<std::vector<BlobInfo>> DiskBlobs::list(std::uint8_t first) {
  return on<std::vector<BlobInfo>>(readers_, [engine = engine_, first] { return engine->shelf.list(first); });
}

Task<bool> DiskBlobs::erase(BlobId id, seconds idle) {
  ASSERT(idle >= kBlobGrace);
  return on<bool>(writers_, [engine = engine_, id, idle] {
    const Shelf::Erased erased = engine->shelf.erase(id, idle);
    engine->room.give_back(erased.size);
    return erased.gone;
  });
}

Task<std::uint64_t> DiskBlobs::discard_drafts(seconds idle) {
  return on<std::uint64_t>(writers_, [engine = engine_, idle] { return engine->drafts.discard(idle); });
}

std::shared_ptr<void> DiskBlobs::keep_all() {
  return engine_->shelf.keep_all();
}

}  // namespace helio::store
