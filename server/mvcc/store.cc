#include "mvcc/store.h"

#include "mvcc/index_scan.h"
#include "mvcc/loader.h"
#include "mvcc/store_impl.h"

namespace keelson::mvcc {
namespace {

Result<std::unique_ptr<Store>> assemble(std::shared_ptr<Backend> backend, std::string dir,
                                        Options options, Log& log, Registry& metrics, Loaded* out) {
  auto writer = Writer::open(backend);
  if (!writer.ok()) return writer.status();
  KeyIndex index;
  auto state = load_state(*backend, index);
  if (!state.ok()) return state.status();
  if (out != nullptr) {
    out->identity = backend->opened_meta().identity;
    out->applied = backend->opened_meta().applied;
    out->applied_term = backend->opened_meta().term;
    out->rows = std::move(state->rows);
  }
  return std::unique_ptr<Store>(std::make_unique<StoreImpl>(std::move(*writer), std::move(dir),
                                                            std::move(options), log, metrics,
                                                            std::move(*state), std::move(index)));
}

}  // namespace

Result<std::unique_ptr<Store>> Store::create(io::FileSystem& fs, std::string dir, Identity identity,
                                             Options options, Log& log, Registry& metrics) {
  StateMeta meta;
  meta.identity = identity;
  meta.generation = options.generation;
  auto backend = Backend::create(fs, dir, meta, options);
  if (!backend.ok()) return backend.status();
  return assemble(std::move(*backend), std::move(dir), std::move(options), log, metrics, nullptr);
}

Result<std::unique_ptr<Store>> Store::open(io::FileSystem& fs, std::string dir, Options options,
                                           Log& log, Registry& metrics, Loaded& out) {
  auto backend = Backend::open(fs, dir, options);
  if (!backend.ok()) return backend.status();
  return assemble(std::move(*backend), std::move(dir), std::move(options), log, metrics, &out);
}

}  // namespace keelson::mvcc
