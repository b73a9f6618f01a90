#include "etcdfile/bbolt_writer.h"

namespace keelson::etcdfile {

BboltWriter::BboltWriter(std::unique_ptr<io::File> file, std::string path,
                         const WriterOptions& options)
    : path_(std::move(path)), options_(options), out_(std::move(file), options.page_bytes) {}

Result<std::unique_ptr<BboltWriter>> BboltWriter::create(io::FileSystem& fs,
                                                         const std::string& path,
                                                         const WriterOptions& options) {
  auto file = fs.open(path, io::OpenMode::kCreate);
  if (!file.ok()) return file.status();
  if (Status s = (*file)->truncate(0); !s.ok()) return s;
  std::unique_ptr<BboltWriter> writer(new BboltWriter(std::move(*file), path, options));
  if (options.freelist_page) {
    auto page = writer->out_.append(kFreelistPage, 0, {});
    if (!page.ok()) return page.status();
    writer->freelist_ = *page;
  }
  return writer;
}

Status BboltWriter::begin_bucket(std::string_view name) {
  CHECK(!open_ && !finished_);
  if (buckets_.contains(name))
    return Status(Code::kInvalidArgument,
                  "etcdfile: bucket " + std::string(name) + " was written already");
  open_name_ = name;
  open_.emplace(out_);
  return {};
}

Status BboltWriter::add(std::string_view key, std::string_view value) {
  CHECK(open_.has_value());
  return open_->add(key, value);
}

Status BboltWriter::end_bucket() {
  CHECK(open_.has_value());
  auto value = open_->finish_bucket(options_.inline_buckets);
  if (!value.ok()) return value.status();
  buckets_.emplace(std::move(open_name_), std::move(*value));
  open_.reset();
  return {};
}

Status BboltWriter::write_root(uint64_t freelist) {
  TreeBuilder root(out_);
  for (const auto& [name, value] : buckets_)
    if (Status s = root.add(name, value, /*is_bucket=*/true); !s.ok()) return s;
  auto page = root.finish_root();
  if (!page.ok()) return page.status();
  return out_.write_metas(*page, freelist);
}

Result<WrittenImage> BboltWriter::finish() {
  CHECK(!open_ && !finished_);
  finished_ = true;
  if (Status s = write_root(freelist_); !s.ok()) return s;
  return seal();
}

// The metas stand in front and are known last, so the digest needs a second pass over the pages.
Result<WrittenImage> BboltWriter::seal() {
  WrittenImage image{.image_bytes = out_.size_bytes(), .file_bytes = out_.size_bytes()};
  if (options_.digest != DigestMode::kNone) {
    auto digest = digest_of(out_.file(), path_, image.image_bytes);
    if (!digest.ok()) return digest.status();
    image.sha256 = *digest;
  }
  if (options_.digest == DigestMode::kAppend) {
    const std::string_view bytes(image.sha256.data(), image.sha256.size());
    if (Status s = out_.file().write_at(image.file_bytes, bytes); !s.ok()) return s;
    image.file_bytes += bytes.size();
  }
  if (options_.sync)
    if (Status s = out_.file().sync(); !s.ok()) return s;
  return image;
}

}  // namespace keelson::etcdfile
