#include "base/check.h"
#include "mvcc/store_impl.h"

namespace keelson::mvcc {

Result<std::vector<Record>> Store::read_values(const View&, std::span<const Seq>) {
  return Status(Code::kUnimplemented, "not yet");
}
Result<HistoryChunk> Store::read_history(const View&, const HistoryQuery&) {
  return Status(Code::kUnimplemented, "not yet");
}
Result<uint32_t> Store::hash_everything(const View&) {
  return Status(Code::kUnimplemented, "not yet");
}
Result<std::unique_ptr<Store::HashJob>> StoreImpl::make_hash_job(Revision) {
  return Status(Code::kUnimplemented, "not yet");
}
std::unique_ptr<Store::ImageJob> StoreImpl::make_image_job(std::string) { return nullptr; }
std::unique_ptr<Store::ShrinkJob> StoreImpl::make_shrink_job() { return nullptr; }
std::unique_ptr<Store::PersistJob> StoreImpl::make_switch_job(std::unique_ptr<ShrinkJob>) {
  return nullptr;
}

}  // namespace keelson::mvcc
