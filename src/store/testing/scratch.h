// store/testing/scratch.h: where tests keep files that need not survive anything: in memory where there is such a file
// system, since most of a test's time would be the disk's. What a flush keeps is shown in tests/crash.
#pragma once
#include <unistd.h>

#include <filesystem>

namespace helio::store {

inline std::filesystem::path scratch_folder() {
  const std::filesystem::path memory = "/dev/shm";
  return ::access(memory.c_str(), W_OK) == 0 ? memory : std::filesystem::temp_directory_path();
}

}  // namespace helio::store
