#include "server/backup/manifest.h"

#include <charconv>

namespace helio::server::backup {

namespace {

constexpr View kFirstLine = "heliograph backup 1\n";
constexpr View kAnyFirstLine = "heliograph backup ";
constexpr View kEnd = "end ";
constexpr std::size_t kHashDigits = 32;

std::string line(std::string_view name, std::uint64_t number) {
  return std::string(name) + " " + std::to_string(number) + "\n";
}

// Lines are words with one space between; each of these takes one off the front.
View take_word(View& line) {
  const View word = line.substr(0, line.find(' '));
  line.remove_prefix(std::min(word.size() + 1, line.size()));
  return word;
}

template <class T>
bool take_number(View& line, T& number) {
  const View word = take_word(line);
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc() && end == word.data() + word.size();
}

bool is_hash(View word) {
  return word.size() == kHashDigits && word.find_first_not_of("0123456789abcdef") == View::npos;
}

// A path that cannot leave the folder of backups.
bool is_inside(View path) {
  const std::filesystem::path parts(path);
  if (path.empty() || parts.is_absolute()) return false;
  for (const auto& part : parts) {
    if (part == ".." || part == "." || part.empty()) return false;
  }
  return true;
}

bool read_line(View name, View rest, Manifest& out) {
  auto& content = out.content;
  const auto counted = [&](std::uint64_t store::rocks::Content::*count) {
    if (!content) content.emplace();
    return take_number(rest, (*content).*count);
  };
  if (name == "number") return take_number(rest, out.number);
  if (name == "taken") return take_number(rest, out.taken);
  if (name == "format") return take_number(rest, out.format);
  if (name == "buckets") return take_number(rest, out.buckets);
  if (name == "sequence") return take_number(rest, out.sequence);
  if (name == "partitions") return counted(&store::rocks::Content::partitions);
  if (name == "pending") return counted(&store::rocks::Content::pending);
  if (name == "rows") return counted(&store::rocks::Content::rows);
  if (name == "size") return counted(&store::rocks::Content::size);
  if (name == "digest") {
    if (!content) content.emplace();
    content->digest = rest;
    return is_hash(rest);
  }
  if (name == "blobs") return take_number(rest, out.blobs) && take_number(rest, out.blobs_size);
  if (name != "file") return false;
  Manifest::File file;
  const bool good = take_number(rest, file.sum.size);
  file.sum.hash = take_word(rest);
  file.path = rest;
  const bool usable = good && is_hash(file.sum.hash) && is_inside(file.path);
  out.files.push_back(std::move(file));
  return usable;
}

}  // namespace

OwnerError damaged(const std::string& what) {
  return OwnerError("the backup is damaged: " + what +
                    "; use an older one (--number), and make the next in a new folder");
}

std::string to_text(const Manifest& manifest) {
  std::string text(kFirstLine);
  text += line("number", manifest.number);
  text += line("taken", static_cast<std::uint64_t>(manifest.taken));
  text += line("format", manifest.format);
  text += line("buckets", manifest.buckets);
  text += line("sequence", manifest.sequence);
  if (manifest.content) {
    text += line("partitions", manifest.content->partitions);
    text += line("pending", manifest.content->pending);
    text += line("rows", manifest.content->rows);
    text += line("size", manifest.content->size);
    text += "digest " + manifest.content->digest + "\n";
  }
  text += "blobs " + std::to_string(manifest.blobs) + " " + std::to_string(manifest.blobs_size) + "\n";
  for (const auto& file : manifest.files) {
    text += "file " + std::to_string(file.sum.size) + " " + file.sum.hash + " " + file.path + "\n";
  }
  const std::string hash = sum_of_bytes(text).hash;
  return text.append(kEnd).append(hash).append("\n");
}

Manifest parse_manifest(View text, const std::string& name) {
  const OwnerError not_whole = damaged(name + " is not whole");
  const std::size_t last_size = kEnd.size() + kHashDigits + 1;
  if (text.size() < kFirstLine.size() + last_size) throw not_whole;
  const View all = text.substr(0, text.size() - last_size), last = text.substr(all.size());
  if (!last.starts_with(kEnd) || !last.ends_with('\n') || !all.ends_with('\n')) throw not_whole;
  if (last.substr(kEnd.size(), kHashDigits) != sum_of_bytes(all).hash) throw not_whole;
  if (!all.starts_with(kFirstLine)) {
    if (!all.starts_with(kAnyFirstLine)) throw not_whole;
    throw OwnerError("the backup was made by a newer release: " + name +
                     " has a format that this one does not know; use that release");
  }

  Manifest manifest;
  View rest = all.substr(kFirstLine.size());
  while (!rest.empty()) {
    View line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    const View first = take_word(line);
    if (!read_line(first, line, manifest)) throw not_whole;
  }
  return manifest;
}

}  // namespace helio::server::backup
