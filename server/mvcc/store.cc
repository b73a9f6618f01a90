#include "mvcc/store.h"

#include "mvcc/index_scan.h"
#include "mvcc/loader.h"
#include "mvcc/state_builder.h"
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
    out->leased = std::move(state->leased);
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
  auto store = assemble(std::move(*backend), dir, options, log, metrics, &out);
  const bool alone = !options.keep_others;
  if (store.ok() && alone) remove_other_generations(fs, dir, options.generation, log);
  return store;
}

Status Store::build(io::FileSystem& fs, const std::string& dir, const Origin& origin,
                    const Options& options, StateSource& source, CopyControl& control) {
  return build_state(fs, dir, origin, options, source, control);
}

Status Store::remove_generation(io::FileSystem& fs, const std::string& dir, uint64_t generation) {
  return fs.remove_tree(generation_dir(dir, generation));
}

// What a crash in the middle of building or switching generations left behind. The log named the
// one that counts.
void Store::remove_other_generations(io::FileSystem& fs, const std::string& dir, uint64_t keep,
                                     Log& log) {
  const auto names = fs.list(dir);
  if (!names.ok()) return;
  for (const std::string& name : *names) {
    const std::string path = dir + "/" + name;
    if (!name.starts_with("state-") || path == generation_dir(dir, keep)) continue;
    const Status status = fs.remove_tree(path);
    log.info("removed a stale generation of the state",
             {{"path", path}, {"error", status.ok() ? std::string() : status.text()}});
  }
}

}  // namespace keelson::mvcc
