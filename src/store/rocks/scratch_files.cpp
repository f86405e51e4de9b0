#include "store/rocks/scratch_files.h"

#include <rocksdb/file_system.h>

namespace helio::store::rocks {

namespace {

using rocksdb::FSRandomAccessFile;
using rocksdb::FSReadRequest;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

class ScratchFile final : public rocksdb::FSRandomAccessFileOwnerWrapper {
 public:
  ScratchFile(std::unique_ptr<FSRandomAccessFile> file, Failure& failure)
      : FSRandomAccessFileOwnerWrapper(std::move(file)), failure_(failure) {}

  IOStatus Read(uint64_t offset, size_t size, const IOOptions& options, rocksdb::Slice* result, char* scratch,
                IODebugContext* debug) const override {
    return checked(FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result, scratch, debug));
  }
  IOStatus MultiRead(FSReadRequest* requests, size_t count, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = FSRandomAccessFileOwnerWrapper::MultiRead(requests, count, options, debug);
    for (size_t i = 0; i < count; ++i) checked(requests[i].status);
    return checked(status);
  }
  IOStatus Prefetch(uint64_t offset, size_t size, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus status = FSRandomAccessFileOwnerWrapper::Prefetch(offset, size, options, debug);
    return status.IsNotSupported() ? status : checked(status);
  }

 private:
  IOStatus checked(IOStatus status) const {
    if (!status.ok()) failure_.fail(status.ToString());
    return status;
  }

  Failure& failure_;
};

class ScratchFiles final : public rocksdb::FileSystemWrapper {
 public:
  ScratchFiles(const std::filesystem::path& scratch, Failure& failure)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), prefix_(scratch.string() + "/"), failure_(failure) {}
  const char* Name() const override { return "ScratchFiles"; }

  IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                               std::unique_ptr<FSRandomAccessFile>* file, IODebugContext* debug) override {
    const IOStatus status = FileSystemWrapper::NewRandomAccessFile(path, options, file, debug);
    if (path.starts_with(prefix_)) {
      if (!status.ok()) failure_.fail(status.ToString());
      if (status.ok()) *file = std::make_unique<ScratchFile>(std::move(*file), failure_);
    }
    return status;
  }

 private:
  const std::string prefix_;
  Failure& failure_;
};

}  // namespace

std::unique_ptr<rocksdb::Env> env_with_scratch(const std::filesystem::path& scratch, Failure& failure) {
  return rocksdb::NewCompositeEnv(std::make_shared<ScratchFiles>(scratch, failure));
}

}  // namespace helio::store::rocks
