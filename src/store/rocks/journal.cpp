#include "store/rocks/journal.h"

#include <fcntl.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/assert.h"
#include "base/random.h"
#include "store/kv.h"
#include "store/rocks/journal_format.h"
#include "store/rocks/journal_opening.h"
#include "store/rocks/journal_spares.h"

namespace helio::store::rocks {

using namespace journal;

struct Journal::State {
  State(Options given, std::uint64_t folded, const Replay& replay);

  template <class Work>
  auto attempt(Work work);
  void reached(View point) const {
    if (options.reached) options.reached(point);
  }
  bool begin_segment(std::uint64_t needed);
  void write_mark();

  const Options options;
  const Directory directory;
  const File mark_file;
  Marks marks;
  std::deque<Segment> segments;  // The last one is in use.
  std::optional<File> file;      // Of the segment in use, if there is any.
  std::uint64_t last = 0;
  Bytes group;            // The one being written; kept for its memory.
  bool prepared = false;  // A successor of the segment in use was asked for.
  bool failed = false;
  std::optional<Spares> spares;
};

namespace {

// Makes the directory a journal's if it is none.
const std::filesystem::path& made(const Journal::Options& options, std::uint64_t folded) {
  if (is_created(options.directory)) return options.directory;
  if (options.must_exist || folded > 0) {
    throw OpenError("The journal in " + options.directory.string() +
                    " is missing. Commits that were answered would be lost: restore the store from a backup.");
  }
  journal::create(options.directory, 0);
  return options.directory;
}

template <class Work>
auto opening(const std::filesystem::path& directory, Work work) {
  try {
    return work();
  } catch (const JournalFailed& failed) {
    throw OpenError("The journal in " + directory.string() + " cannot be opened (" + failed.what() +
                    "): see to the disk.");
  }
}

}  // namespace

Journal::State::State(Options given, std::uint64_t folded, const Replay& replay)
    : options(std::move(given)), directory(made(options, folded)), mark_file(directory.file(kMarkFile), O_WRONLY) {
  Opened opened = journal::open(directory, folded, replay);
  marks = opened.marks;
  segments.assign(opened.segments.begin(), opened.segments.end());
  if (!segments.empty()) file.emplace(directory.file(segments.back().name), O_WRONLY);
  last = opened.last;
  // From now on its loss is noticed.
  if (marks.newest.sequence < last) write_mark();
  spares.emplace(directory,
                 Spares::Options{.size = options.segment_size, .keep = options.spares, .reached = options.reached},
                 opened.spares);
  if (!opened.unneeded.empty()) spares->retire(std::move(opened.unneeded));
  if (segments.empty()) spares->prepare();
}

// After the first failure everything else fails.
template <class Work>
auto Journal::State::attempt(Work work) {
  if (failed) throw JournalFailed("The journal has failed before.");
  failed = true;
  auto result = work();
  failed = false;
  return result;
}

// The order makes a crash harmless at any point. The header is flushed before the file gets its name, so that a segment
// always has one; the name before the mark, which makes the loss of the file noticed; all before the first group.
// The segment has room for a group of `needed` bytes.
bool Journal::State::begin_segment(std::uint64_t needed) {
  auto spare = spares->take();
  if (!spare) return false;
  const std::uint64_t size = std::max<std::uint64_t>(options.segment_size, kBlock + needed);
  const std::uint64_t number = segments.empty() ? 1 : segments.back().header.number + 1;
  Segment segment{.name = numbered(number, kSegmentEnd), .header = {.number = number, .size = size, .first = last + 1}};
  segment.header.salt = SystemRandom().u64();
  try {
    const File begun(directory.file(*spare), O_WRONLY);
    begun.write(Bytes(size - options.segment_size, '\0'), options.segment_size);
    begun.write(encode(segment.header), 0);
    begun.flush();
    directory.rename(*spare, segment.name);
  } catch (const NoRoom&) {
    // A spare has the size of all others.
    if (size == options.segment_size) {
      spares->give_back(std::move(*spare));
    } else {
      directory.remove(*spare);
    }
    return false;
  }
  directory.flush();
  file.emplace(directory.file(segment.name), O_WRONLY);
  segments.push_back(std::move(segment));
  prepared = false;
  write_mark();
  reached("journal.segment_made");
  return true;
}

void Journal::State::write_mark() {
  const Mark mark{.sequence = last, .segment = segments.empty() ? 0 : segments.back().header.number};
  mark_file.write(encode(mark), marks.next_block * kBlock);
  mark_file.flush();
  marks = {.newest = mark, .next_block = 1 - marks.next_block};
  reached("journal.marked");
}

void Journal::create(const std::filesystem::path& directory, std::uint64_t folded) {
  opening(directory, [&] {
    if (is_created(directory)) throw OpenError("There is a journal in " + directory.string() + " already.");
    journal::create(directory, folded);
  });
}

Journal::Journal(Options options, std::uint64_t folded, const Replay& replay) {
  options.segment_size = std::max((options.segment_size + kBlock - 1) / kBlock, std::size_t{2}) * kBlock;
  const std::filesystem::path directory = options.directory;
  state_ = opening(directory, [&] { return std::make_unique<State>(std::move(options), folded, replay); });
}

Journal::~Journal() = default;

std::uint64_t Journal::last() const {
  return state_->last;
}

bool Journal::has_room(std::size_t records, std::size_t size) {
  const std::uint64_t needed = group_size(size, records);
  ASSERT(needed <= kGroupSizeMax);
  return state_->attempt([&] {
    if (state_->segments.empty()) return state_->begin_segment(needed);
    const Segment& segment = state_->segments.back();
    if (segment.used + needed > segment.header.size) return state_->begin_segment(needed);
    if (!state_->prepared && segment.used > segment.header.size / 2) {
      state_->spares->prepare();
      state_->prepared = true;
    }
    return true;
  });
}

void Journal::append(std::span<const View> records) {
  ASSERT(!records.empty());
  ASSERT(!state_->segments.empty());
  std::size_t size = 0;
  for (const View record : records) size += record.size();
  const std::uint64_t needed = group_size(size, records.size());
  Segment& segment = state_->segments.back();
  ASSERT(needed <= kGroupSizeMax);
  ASSERT(segment.used + needed <= segment.header.size);
  state_->attempt([&] {
    if (state_->group.size() < needed) state_->group.resize(needed);
    const std::span<char> group(state_->group.data(), needed);
    encode_group(records, state_->last + 1, segment.header.salt, group);
    state_->file->write({group.data(), group.size()}, segment.used);
    state_->reached("journal.written");
    state_->file->flush();
    state_->reached("journal.flushed");
    segment.used += needed;
    state_->last += records.size();
    return true;
  });
}

void Journal::mark() {
  state_->attempt([&] {
    if (state_->marks.newest.sequence < state_->last) state_->write_mark();
    return true;
  });
}

void Journal::release(std::uint64_t sequence) {
  ASSERT(sequence <= state_->last);
  state_->attempt([&] {
    auto& segments = state_->segments;
    std::vector<std::string> released;
    while (segments.size() > 1 && segments[1].header.first - 1 <= sequence) {
      released.push_back(std::move(segments.front().name));
      segments.pop_front();
    }
    if (!released.empty()) state_->spares->retire(std::move(released));
    return true;
  });
}

Journal::Size Journal::size() const {
  Size size{.segments = state_->segments.size()};
  for (const Segment& segment : state_->segments) size.unfolded += segment.used - kBlock;
  return size;
}

}  // namespace helio::store::rocks
