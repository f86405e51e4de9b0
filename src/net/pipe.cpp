#include "net/pipe.h"

namespace helio::net {

namespace {

struct Direction {
  explicit Direction(Executor executor) : changed(executor), executor(executor) {}
  Bytes bytes;
  bool closed = false;
  Signal changed;
  Executor executor;
};

class PipeEnd final : public ByteStream {
 public:
  PipeEnd(std::shared_ptr<Direction> in, std::shared_ptr<Direction> out, std::size_t capacity)
      : in_(std::move(in)), out_(std::move(out)), capacity_(capacity) {}
  ~PipeEnd() override { PipeEnd::close(); }

  Task<std::span<char>> read() override {
    while (in_->bytes.empty() && !in_->closed && !gone_) co_await in_->changed.wait();
    if (gone_) co_return std::span<char>();
    Bytes().swap(taken_);
    taken_.swap(in_->bytes);
    in_->changed.notify_all();
    co_return std::span<char>(taken_);
  }

  std::optional<std::size_t> write_some(View bytes) override {
    if (gone_ || out_->closed) return std::nullopt;
    const std::size_t size = std::min(bytes.size(), capacity_ - std::min(capacity_, out_->bytes.size()));
    out_->bytes.append(bytes.substr(0, size));
    out_->changed.notify_all();
    return size;
  }

  Task<> writable() override {
    while (out_->bytes.size() >= capacity_ && !out_->closed) co_await out_->changed.wait();
  }

  void end_writing() override {
    out_->closed = true;
    out_->changed.notify_all();
  }

  void close() override {
    gone_ = true;
    for (auto* direction : {in_.get(), out_.get()}) {
      direction->closed = true;
      direction->changed.notify_all();
    }
  }

  Endpoint local() const override { return Endpoint(asio::ip::address_v4::loopback(), 4430); }
  Endpoint remote() const override { return Endpoint(asio::ip::address_v4::loopback(), 50000); }

  std::unique_ptr<ByteStream> move_to(Executor) override {
    auto moved = std::make_unique<PipeEnd>(in_, out_, capacity_);
    in_ = out_ = std::make_shared<Direction>(in_->executor);
    gone_ = true;
    return moved;
  }

 private:
  std::shared_ptr<Direction> in_, out_;
  std::size_t capacity_;
  Bytes taken_;
  bool gone_ = false;
};

}  // namespace

Pipe make_pipe(Executor executor, std::size_t capacity) {
  auto to_a = std::make_shared<Direction>(executor);
  auto to_b = std::make_shared<Direction>(executor);
  return {std::make_unique<PipeEnd>(to_a, to_b, capacity), std::make_unique<PipeEnd>(to_b, to_a, capacity)};
}

}  // namespace helio::net
