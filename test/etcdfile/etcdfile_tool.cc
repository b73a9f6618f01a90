// What e2e/etcdfile drives: prints an image's rows, writes an image from rows, copies one through
// the typed layer. A row is a line "bucket hexkey hexvalue", "-" for nothing.
//
//   etcdfile_tool rows IN              all rows, tables first
//   etcdfile_tool write OUT [FLAG...]  from rows on stdin: tables grouped, then bucket "key"
//   etcdfile_tool copy IN OUT [FLAG...]
//
// FLAG: digest (append the SHA-256), nofreelist, noinline.
#include <cstdio>
#include <iostream>
#include <span>
#include <sstream>

#include "base/bytes.h"
#include "etcdfile/image_reader.h"
#include "etcdfile/image_writer.h"
#include "etcdfile/rows.h"

namespace keelson::etcdfile {
namespace {

int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

std::string unhex(const std::string& text) {
  std::string out;
  if (text == "-") return out;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    out += static_cast<char>(digit(text[i]) << 4 | digit(text[i + 1]));
  return out;
}

std::string shown(std::string_view bytes) { return bytes.empty() ? "-" : hex_bytes(bytes); }

void print(std::string_view bucket, std::string_view key, std::string_view value) {
  std::printf("%s %s %s\n", std::string(bucket).c_str(), shown(key).c_str(), shown(value).c_str());
}

class StdinRows final : public RowSource {
 public:
  Result<bool> next_row(TableRow& out) override {
    while (read() && bucket_ != bucket::kKey) {
      uint64_t number = 0;
      const bool is_number = bucket_ == bucket::kMeta && parse_number(value_, number);
      if (is_number && key_ == row::kConsistentIndex) index_ = Index(number);
      if (is_number && key_ == row::kTerm) term_ = Term(number);
      out = {bucket_, key_, value_};
      return true;
    }
    held_ = bucket_ == bucket::kKey;
    return false;
  }
  Index consistent_index() const override { return index_; }
  Term term() const override { return term_; }
  Result<bool> next_revision(RevisionRecord& out) override {
    if (!held_ && !read()) return false;
    held_ = false;
    if (!parse_revision_key(key_, out)) return Status(Code::kInvalidArgument, "not a revision");
    out.kv = value_;
    return true;
  }

 private:
  bool read() {
    std::string line;
    bucket_.clear();
    if (!std::getline(std::cin, line)) return false;
    std::istringstream fields(line);
    std::string key;
    std::string value;
    fields >> bucket_ >> key >> value;
    key_ = unhex(key);
    value_ = unhex(value);
    return true;
  }

  std::string bucket_;
  std::string key_;
  std::string value_;
  bool held_ = false;
  Index index_;
  Term term_;
};

int fail(const Status& status) {
  std::fprintf(stderr, "%s\n", status.text().c_str());
  return 1;
}

int rows(io::FileSystem& fs, const std::string& path) {
  auto image = ImageReader::open(fs, path);
  if (!image.ok()) return fail(image.status());
  TableRow row;
  while (true) {
    auto more = (*image)->next_row(row);
    if (!more.ok()) return fail(more.status());
    if (!*more) break;
    print(row.bucket, row.key, row.value);
  }
  RevisionRecord record;
  while (true) {
    auto more = (*image)->next(record);
    if (!more.ok()) return fail(more.status());
    if (!*more) return 0;
    print(bucket::kKey, revision_key(record.main, record.sub, record.tombstone), record.kv);
  }
}

int report(const Result<WrittenImage>& image) {
  if (!image.ok()) return fail(image.status());
  const std::string_view sum(image->sha256.data(), image->sha256.size());
  std::printf("%llu %s\n", static_cast<unsigned long long>(image->image_bytes),
              hex_bytes(sum).c_str());
  return 0;
}

WriterOptions options_of(std::span<char*> flags) {
  WriterOptions out;
  for (const std::string_view flag : flags) {
    if (flag == "digest") out.digest = DigestMode::kAppend;
    if (flag == "nofreelist") out.freelist_page = false;
    if (flag == "noinline") out.inline_buckets = false;
  }
  return out;
}

int copy(io::FileSystem& fs, const std::string& in, const std::string& out,
         const WriterOptions& options) {
  auto image = ImageReader::open(fs, in);
  if (!image.ok()) return fail(image.status());
  return report(write_image(fs, out, **image, options));
}

int run(std::span<char*> args) {
  const auto fs = io::make_posix_file_system();
  const std::string_view what = args.size() > 1 ? args[1] : "";
  if (what == "rows" && args.size() == 3) return rows(*fs, args[2]);
  if (what == "copy" && args.size() >= 4)
    return copy(*fs, args[2], args[3], options_of(args.subspan(4)));
  if (what == "write" && args.size() >= 3) {
    StdinRows source;
    return report(write_image(*fs, args[2], source, options_of(args.subspan(3))));
  }
  std::fprintf(stderr,
               "usage: etcdfile_tool rows IN | write OUT [FLAG...] | copy IN OUT [FLAG...]\n");
  return 2;
}

}  // namespace
}  // namespace keelson::etcdfile

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  return keelson::etcdfile::run({argv, static_cast<size_t>(argc)});
}
