#include "store/rocks/journal_opening.h"

#include <fcntl.h>

#include <algorithm>
#include <map>

#include "store/kv.h"
#include "store/rocks/journal_spares.h"

namespace helio::store::rocks::journal {

namespace {

constexpr const char* kMarkInTheMaking = "durable.making";
constexpr std::size_t kWindow = 1 << 20;

[[noreturn]] void refuse(const std::filesystem::path& file, const std::string& what) {
  throw OpenError("The journal file " + file.string() + " " + what +
                  ". Commits that were answered would be lost: restore the store from a backup.");
}

std::string records(std::uint64_t from, std::uint64_t to) {
  return "records " + std::to_string(from) + " to " + std::to_string(to);
}

[[noreturn]] void refuse_newer(const std::filesystem::path& file) {
  throw OpenError("The journal file " + file.string() + " was written by a newer release: use that one.");
}

// A file seen through a buffer that grows to the largest piece asked for.
class Window {
 public:
  explicit Window(const File& file) : file_(file), size_(file.size()) {}

  std::uint64_t size() const { return size_; }
  // at + size <= size(). Good until the next call.
  View at(std::uint64_t at, std::size_t size) {
    if (at < from_ || at + size > from_ + held_) {
      const std::size_t wanted = std::max<std::size_t>(size, std::min<std::uint64_t>(kWindow, size_ - at));
      if (buffer_.size() < wanted) buffer_.resize(wanted);
      from_ = at;
      held_ = file_.read(buffer_, at);
      if (held_ < size) throw JournalFailed("read " + file_.path().string() + ": it became shorter");
    }
    return View(buffer_).substr(at - from_, size);
  }

 private:
  const File& file_;
  const std::uint64_t size_;
  Bytes buffer_;
  std::uint64_t from_ = 0;
  std::size_t held_ = 0;
};

Marks read_marks(const Directory& directory) {
  const File file(directory.file(kMarkFile), O_RDONLY);
  Bytes blocks(2 * kBlock, '\0');
  blocks.resize(file.read(blocks, 0));
  Marks marks;
  bool found = false;
  for (unsigned i = 0; i < 2; ++i) {
    const auto mark = decode_mark(View(blocks).substr(std::min(blocks.size(), i * kBlock), kBlock));
    if (!mark) continue;
    if (mark->format != kFormat) refuse_newer(file.path());
    // Both numbers only grow.
    if (!found || mark->sequence > marks.newest.sequence || mark->segment > marks.newest.segment) {
      marks = {.newest = *mark, .next_block = 1 - i};
    }
    found = true;
  }
  if (!found) refuse(file.path(), "is damaged: it no longer says how far the journal goes");
  return marks;
}

SegmentHeader read_header(const Directory& directory, const std::string& name, std::uint64_t number) {
  const File file(directory.file(name), O_RDONLY);
  Bytes block(kBlock, '\0');
  block.resize(file.read(block, 0));
  const auto header = decode_segment_header(block);
  // It was flushed before the file got its name.
  if (!header) refuse(file.path(), "is damaged at its beginning");
  if (header->format != kFormat) refuse_newer(file.path());
  if (header->number != number)
    refuse(file.path(), "is another one by its content, " + numbered(header->number, kSegmentEnd));
  if (header->size != file.size()) {
    refuse(file.path(), "has " + std::to_string(file.size()) + " bytes instead of " + std::to_string(header->size));
  }
  return *header;
}

// The group at `at` if it is whole.
View find_group(Window& window, std::uint64_t at, std::uint64_t salt) {
  const auto size = size_within(decode_group_header(window.at(at, kGroupHeaderSize)), window.size() - at);
  if (!size) return {};
  const View group = window.at(at, *size);
  return is_whole(group, salt) ? group : View();
}

// Whether a group with record `first` or a later one lies at `at` or behind.
bool has_group_behind(Window& window, std::uint64_t at, std::uint64_t first, std::uint64_t salt) {
  for (; at + kBlock <= window.size(); at += kBlock) {
    // An earlier life of the file left groups with smaller numbers; those cost no checksum.
    if (decode_group_header(window.at(at, kGroupHeaderSize)).first < first) continue;
    if (!find_group(window, at, salt).empty()) return true;
  }
  return false;
}

// Replays a segment from its beginning. Returns the sequence that follows its last whole group.
std::uint64_t replay_groups(const File& file, Segment& segment, std::uint64_t folded, const Journal::Replay& replay) {
  Window window(file);
  std::uint64_t next = segment.header.first;
  while (segment.used + kBlock <= window.size()) {
    const View group = find_group(window, segment.used, segment.header.salt);
    if (group.empty() || decode_group_header(group).first != next) break;
    const bool adds_up = for_each_record(group, [&](std::uint64_t sequence, View record) {
      if (sequence > folded) replay(sequence, record);
    });
    if (!adds_up) refuse(file.path(), "is damaged at byte " + std::to_string(segment.used));
    next += decode_group_header(group).count;
    segment.used += group.size();
  }
  return next;
}

// All segments by their numbers; notes what else is there.
std::map<std::uint64_t, std::string> list(const Directory& directory, Opened& opened) {
  std::map<std::uint64_t, std::string> segments;
  for (std::string& name : directory.names()) {
    if (name == kSpareInTheMaking || name == kMarkInTheMaking) {
      directory.remove(name);
    } else if (number_in(name, kSpareEnd)) {
      opened.spares.push_back(std::move(name));
    } else if (const auto number = number_in(name, kSegmentEnd)) {
      segments.emplace(*number, std::move(name));
    }
  }
  return segments;
}

}  // namespace

bool is_created(const std::filesystem::path& path) {
  std::error_code error;
  const bool is_there = std::filesystem::exists(path, error);
  if (error) throw OpenError("The folder " + path.string() + " cannot be looked at: " + error.message() + ".");
  if (!is_there) return false;
  const Directory directory(path);
  for (const std::string& name : directory.names()) {
    if (name == kMarkFile) return true;
  }
  // It is older than every segment and spare.
  for (const std::string& name : directory.names()) {
    if (number_in(name, kSegmentEnd) || number_in(name, kSpareEnd)) refuse(directory.file(kMarkFile), "is missing");
  }
  return false;
}

void create(const std::filesystem::path& path, std::uint64_t folded) {
  std::error_code error;
  std::filesystem::create_directory(path, error);
  if (error) throw OpenError("The folder " + path.string() + " cannot be made: " + error.message() + ".");
  const Directory directory(path);
  {
    const File file(directory.file(kMarkInTheMaking), O_WRONLY | O_CREAT | O_TRUNC);
    const Bytes mark = encode(Mark{.sequence = folded});
    file.write(mark + mark, 0);
    file.flush();
  }
  directory.rename(kMarkInTheMaking, kMarkFile);
  directory.flush();
  const auto parent = std::filesystem::absolute(path).lexically_normal();
  Directory((parent.has_filename() ? parent : parent.parent_path()).parent_path()).flush();
}

Opened open(const Directory& directory, std::uint64_t folded, const Journal::Replay& replay) {
  Opened opened;
  const auto names = list(directory, opened);
  opened.marks = read_marks(directory);
  // A crash may have left names that are not on the disk yet.
  directory.flush();
  const Mark& mark = opened.marks.newest;
  const std::uint64_t acknowledged = std::max(mark.sequence, folded);
  if (mark.segment > (names.empty() ? 0 : names.rbegin()->first)) {
    refuse(directory.file(numbered(mark.segment, kSegmentEnd)), "is missing");
  }
  if (names.empty()) {
    if (mark.sequence != folded) {
      refuse(directory.file(kMarkFile), "says that nothing follows record " + std::to_string(mark.sequence) +
                                            ", but the database ends at record " + std::to_string(folded));
    }
    opened.last = folded;
    return opened;
  }

  // From the newest one backwards to the one that begins at or below the first record needed.
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (!opened.segments.empty()) {
      const SegmentHeader& later = opened.segments.front().header;
      if (later.first <= folded + 1) {
        opened.unneeded.push_back(name->second);
        continue;
      }
      if (name->first + 1 != later.number) break;
    }
    opened.segments.insert(opened.segments.begin(),
                           {.name = name->second, .header = read_header(directory, name->second, name->first)});
  }
  const SegmentHeader& oldest = opened.segments.front().header;
  if (oldest.first > folded + 1) {
    refuse(directory.file(numbered(oldest.number - 1, kSegmentEnd)),
           "is missing (" + records(folded + 1, oldest.first - 1) + ")");
  }

  std::uint64_t next = oldest.first;
  for (std::size_t i = 0; i < opened.segments.size(); ++i) {
    Segment& segment = opened.segments[i];
    const bool is_newest = i + 1 == opened.segments.size();
    const File file(directory.file(segment.name), is_newest ? O_RDWR : O_RDONLY);
    if (is_newest) {
      // Its last group may be in memory only: written, but the process was killed before the flush, or the flush
      // failed. The former gets to the disk now, the latter is seen for what it is.
      file.flush();
      file.forget_cached();
    }
    next = replay_groups(file, segment, folded, replay);
    const auto is_damaged = [&](std::uint64_t up_to) {
      refuse(file.path(),
             "is damaged at byte " + std::to_string(segment.used) + ", where " + records(next, up_to) + " should be");
    };
    if (!is_newest) {
      const std::uint64_t following = opened.segments[i + 1].header.first;
      if (next < following) is_damaged(following - 1);
      if (next > following) refuse(file.path(), "and the one after it overlap");
      continue;
    }
    if (next <= acknowledged) is_damaged(acknowledged);
    // A group is begun when the one before it is durable: one that lies behind proves that this one was.
    Window window(file);
    if (has_group_behind(window, segment.used, next, segment.header.salt)) is_damaged(next);
  }
  opened.last = next - 1;
  return opened;
}

}  // namespace helio::store::rocks::journal
