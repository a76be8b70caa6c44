#include "engine/block_texts.h"

#include <algorithm>
#include <array>
#include <vector>

namespace stagecraft::engine {
namespace {

// What a code says; kShort + size says: a text of that size. Version 1 has no
// kTimedUuid.
enum : uint8_t {
  kUuid = 0,
  kNumber = 1,
  kLong = 2,
  kTimedUuid = 3,
  kShort = 4
};
constexpr size_t kMaxShort = 255 - kShort;
// A UUID of version 7 begins with 48 bits of milliseconds.
constexpr size_t kMillisBytes = 6;
constexpr size_t kUuidEndBytes = kUuidBytes - kMillisBytes;
constexpr uint64_t kMillisMask = (uint64_t{1} << (8 * kMillisBytes)) - 1;
// Of what is written of them: 5 bytes, half a year.
constexpr uint64_t kMaxShift = (uint64_t{1} << 35) - 1;
constexpr size_t kMaxPrefix = 255;
// So many digits fit a number and can be added up.
constexpr size_t kMaxDigits = 18;
constexpr uint64_t kMaxNumber = 999'999'999'999'999'999;

// 10 to the power of the index.
constexpr std::array<uint64_t, kMaxDigits> kPowers = [] {
  std::array<uint64_t, kMaxDigits> powers{};
  uint64_t power = 1;
  for (uint64_t& p : powers) {
    p = power;
    power *= 10;
  }
  return powers;
}();

enum : uint8_t { kUniform = 0, kMixed = 1 };

// In each byte of a word.
constexpr uint64_t kEach = 0x0101010101010101;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Eight decimal digits, the first one in the lowest byte.
bool ParseEightDigits(uint64_t chars, uint64_t* number) {
  const uint64_t digits = chars ^ ('0' * kEach);
  if (((digits + 6 * kEach) | digits) & (0xf0 * kEach)) return false;
  // Neighbours are joined: to pairs, to fours, to eight.
  const uint64_t pairs = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ff;
  const uint64_t fours = (pairs * 100 + (pairs >> 16)) & 0x0000ffff0000ffff;
  *number = (fours * 10'000 + (fours >> 32)) & 0xffffffff;
  return true;
}

// The reverse, for numbers below 100'000'000.
uint64_t EightDigits(uint64_t number) {
  const uint64_t fours = number / 10'000 | (number % 10'000) << 32;
  // Divisions by 100 and by 10 within each part; exact for such small ones.
  const uint64_t hundreds =
      ((fours * 10'486) >> 20) & ((uint64_t{0x7f} << 32) | 0x7f);
  const uint64_t pairs = hundreds | (fours - 100 * hundreds) << 16;
  const uint64_t tens = ((pairs * 103) >> 10) & 0x000f000f000f000f;
  return (tens | (pairs - 10 * tens) << 8) + '0' * kEach;
}

// Which texts of a column are numbers: a prefix, then decimal digits, filled
// up with zeros to `digits`.
struct NumberForm {
  absl::string_view prefix;
  size_t digits = 1;

  bool Parse(absl::string_view text, uint64_t* number) const {
    const size_t size = text.size() - prefix.size();
    if (text.size() <= prefix.size() || size < digits || size > kMaxDigits) {
      return false;
    }
    const char* const from = text.data() + prefix.size();
    if (size > digits && *from == '0') return false;
    uint64_t result = 0;
    size_t i = 0;
    for (; size - i >= 8; i += 8) {
      uint64_t eight = 0;
      if (!ParseEightDigits(Load64(from + i), &eight)) return false;
      result = 100'000'000 * result + eight;
    }
    for (; i < size; ++i) {
      const auto digit = static_cast<uint8_t>(from[i] - '0');
      if (digit > 9) return false;
      result = 10 * result + digit;
    }
    *number = result;
    return text.substr(0, prefix.size()) == prefix;
  }
};

// The form of the first of `texts`, if it ends in digits.
bool FindNumberForm(absl::Span<const absl::string_view> texts,
                    NumberForm* form) {
  if (texts.empty()) return false;
  const absl::string_view first = texts.front();
  size_t digits = 0;
  while (digits < first.size() && digits < kMaxDigits &&
         IsDigit(first[first.size() - 1 - digits])) {
    ++digits;
  }
  const size_t size = first.size() - digits;
  if (digits == 0 || size > kMaxPrefix) return false;
  form->prefix = first.substr(0, size);
  // A zero in front tells that numbers are filled up, and to what size.
  for (const absl::string_view text : texts) {
    if (text.size() > size + 1 && text.size() <= size + kMaxDigits &&
        text[size] == '0' && text.substr(0, size) == form->prefix) {
      form->digits = text.size() - size;
      break;
    }
  }
  return true;
}

void PutNumbers(const NumberForm& form, const std::vector<uint64_t>& numbers,
                std::string* out) {
  const auto [least, most] =
      std::minmax_element(numbers.begin(), numbers.end());
  out->push_back(static_cast<char>(form.prefix.size()));
  out->append(form.prefix.data(), form.prefix.size());
  out->push_back(static_cast<char>(form.digits));
  AppendVarint<uint64_t>(*least, out);
  const int width = WidthOf(*most - *least);
  out->push_back(static_cast<char>(width));
  FixedWriter writer(numbers.size(), width, out);
  for (const uint64_t number : numbers) writer.Put(number - *least);
}

// The first 48 bits of a UUID, most significant byte first.
uint64_t UuidMillis(const char* uuid) {
  return __builtin_bswap64(Load64(uuid)) >> 16;
}

}  // namespace

void PutTexts(absl::Span<const absl::string_view> texts,
              absl::Span<const uint64_t> millis, std::string* out) {
  std::string codes(texts.size(), static_cast<char>(kUuid));
  std::string uuids(texts.size() * kUuidBytes + kUuidBytes, '\0');
  char* uuid = uuids.data();
  std::string shifts;
  std::string uuid_ends(millis.size() * kUuidEndBytes + kUuidBytes, '\0');
  char* uuid_end = uuid_ends.data();
  std::vector<absl::string_view> others;
  std::vector<uint32_t> other_indexes;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (!ParseUuid(texts[i], uuid)) {
      others.push_back(texts[i]);
      other_indexes.push_back(static_cast<uint32_t>(i));
      continue;
    }
    if (i < millis.size()) {
      const uint64_t shift =
          ToZigzag(static_cast<int64_t>(UuidMillis(uuid) - millis[i]));
      if (shift <= kMaxShift) {
        codes[i] = static_cast<char>(kTimedUuid);
        AppendVarint(shift, &shifts);
        std::memcpy(uuid_end, uuid + kMillisBytes, kUuidEndBytes);
        uuid_end += kUuidEndBytes;
        continue;
      }
    }
    uuid += kUuidBytes;
  }
  NumberForm form;
  const bool has_form = FindNumberForm(others, &form);
  std::string rest, sizes;
  std::vector<uint64_t> numbers;
  for (size_t i = 0; i < others.size(); ++i) {
    const absl::string_view text = others[i];
    uint64_t number = 0;
    uint8_t code = kLong;
    if (has_form && form.Parse(text, &number)) {
      code = kNumber;
      numbers.push_back(number);
    } else {
      if (text.size() <= kMaxShort) {
        code = static_cast<uint8_t>(kShort + text.size());
      } else {
        AppendVarint<uint64_t>(text.size(), &sizes);
      }
      rest.append(text.data(), text.size());
    }
    codes[other_indexes[i]] = static_cast<char>(code);
  }
  const bool uniform = codes.empty() || codes.find_first_not_of(
                                            codes.front()) == std::string::npos;
  out->push_back(uniform ? kUniform : kMixed);
  out->append(codes, 0, uniform ? 1 : codes.size());
  if (!numbers.empty()) PutNumbers(form, numbers, out);
  out->append(uuids.data(), static_cast<size_t>(uuid - uuids.data()));
  out->append(shifts);
  out->append(uuid_ends.data(),
              static_cast<size_t>(uuid_end - uuid_ends.data()));
  out->append(sizes);
  out->append(rest);
}

absl::Status TextReader::OpenNumbers(size_t count, BlockCursor* cursor) {
  uint8_t size = 0, width = 0;
  const char* from = nullptr;
  if (!cursor->ReadByte(&size) || !cursor->Skip(size, 1, &from)) {
    return cursor->Damaged("no prefix of ids");
  }
  prefix_ = absl::string_view(from, size);
  if (prefix_.size() <= sizeof(short_prefix_)) {
    std::memcpy(short_prefix_, from, prefix_.size());
  }
  if (!cursor->ReadByte(&digits_) || digits_ < 1 || digits_ > kMaxDigits) {
    return cursor->Damaged("digits of ids, want 1 to 18,");
  }
  if (!cursor->ReadVarint(&least_) || least_ > kMaxNumber) {
    return cursor->Damaged("no least number of ids");
  }
  if (!cursor->ReadByte(&width) || width > 8) {
    return cursor->Damaged("width of numbers, want 0 to 8,");
  }
  if (!cursor->Skip(count, width, &from)) {
    return cursor->Damaged("numbers of ids end early");
  }
  // Each is looked at once here, so that reading them needs no check.
  FixedReader check = numbers_ = FixedReader(from, width);
  for (size_t i = 0; i < count; ++i) {
    if (check.Next() > kMaxNumber - least_) {
      return cursor->Damaged("number of an id above 18 digits before");
    }
  }
  room_bytes_ += count * (prefix_.size() + kMaxDigits) + kSlack;
  return absl::OkStatus();
}

absl::Status TextReader::Open(uint8_t version, size_t count,
                              BlockCursor* cursor) {
  short_ = version == 1 ? kTimedUuid : kShort;
  uint8_t shape = 0;
  if (!cursor->ReadByte(&shape) || shape > kMixed) {
    return cursor->Damaged("shape of ids, want 0 or 1,");
  }
  const size_t codes = shape == kMixed ? count : std::min<size_t>(count, 1);
  step_ = shape == kMixed ? 1 : 0;
  if (!cursor->Skip(codes, 1, &codes_)) {
    return cursor->Damaged("codes of ids end early");
  }
  // How many of each code there are.
  std::array<size_t, 256> counts{};
  if (shape == kMixed) {
    for (size_t i = 0; i < count; ++i) {
      ++counts[static_cast<uint8_t>(codes_[i])];
    }
  } else if (count > 0) {
    counts[static_cast<uint8_t>(codes_[0])] = count;
  }
  if (counts[kNumber] > 0) {
    if (absl::Status opened = OpenNumbers(counts[kNumber], cursor);
        !opened.ok()) {
      return opened;
    }
  }
  if (!cursor->Skip(counts[kUuid], kUuidBytes, &uuids_)) {
    return cursor->Damaged("UUIDs end early");
  }
  room_bytes_ += counts[kUuid] * kUuidChars;
  if (short_ > kTimedUuid && counts[kTimedUuid] > 0) {
    shifts_ = *cursor;
    for (size_t i = 0; i < counts[kTimedUuid]; ++i) {
      uint64_t shift = 0;
      if (!cursor->ReadVarint(&shift)) {
        return cursor->Damaged("no time of a UUID");
      }
    }
    if (!cursor->Skip(counts[kTimedUuid], kUuidEndBytes, &uuid_ends_)) {
      return cursor->Damaged("UUIDs end early");
    }
    room_bytes_ += counts[kTimedUuid] * kUuidChars;
  }
  long_sizes_ = *cursor;
  size_t bytes = 0;
  for (size_t i = 0; i < counts[kLong]; ++i) {
    uint64_t size = 0;
    if (!cursor->ReadVarint(&size) || size > cursor->left()) {
      return cursor->Damaged("no size of an id");
    }
    bytes += size;
    if (bytes > cursor->left()) return cursor->Damaged("ids end early");
  }
  for (size_t code = short_; code < counts.size(); ++code) {
    bytes += counts[code] * (code - short_);
  }
  if (!cursor->Skip(bytes, 1, &texts_)) {
    return cursor->Damaged("ids end early");
  }
  return absl::OkStatus();
}

absl::string_view TextReader::NextUuid() {
  char* const to = room_;
  PutUuid(uuids_, to);
  uuids_ += kUuidBytes;
  room_ += kUuidChars;
  return absl::string_view(to, kUuidChars);
}

absl::string_view TextReader::NextTimedUuid(uint64_t millis) {
  uint64_t shift = 0;
  shifts_.ReadVarint(&shift);  // Open has seen that it is there.
  millis = (millis + static_cast<uint64_t>(FromZigzag(shift))) & kMillisMask;
  char uuid[kUuidBytes];
  const uint64_t begin = __builtin_bswap64(millis << 16);
  std::memcpy(uuid, &begin, sizeof(begin));
  std::memcpy(uuid + kMillisBytes, uuid_ends_, kUuidEndBytes);
  uuid_ends_ += kUuidEndBytes;
  char* const to = room_;
  PutUuid(uuid, to);
  room_ += kUuidChars;
  return absl::string_view(to, kUuidChars);
}

absl::string_view TextReader::NextNumber() {
  constexpr uint64_t kEight = 100'000'000;
  const uint64_t number = least_ + numbers_.Next();
  // 24 digits, and as many bytes behind them that are copied for nothing.
  uint64_t digits[6] = {'0' * kEach, '0' * kEach, 0, 0, 0, 0};
  size_t size = digits_;
  digits[2] = EightDigits(number % kEight);
  if (number >= kEight) {
    digits[1] = EightDigits(number / kEight % kEight);
    digits[0] = EightDigits(number / kEight / kEight);
  }
  while (size < kMaxDigits && number >= kPowers[size]) ++size;
  char* const to = room_;
  if (prefix_.size() <= sizeof(short_prefix_)) {
    std::memcpy(to, short_prefix_, sizeof(short_prefix_));
  } else {
    std::memcpy(to, prefix_.data(), prefix_.size());
  }
  std::memcpy(to + prefix_.size(),
              reinterpret_cast<const char*>(digits) + 24 - size, 24);
  room_ += prefix_.size() + size;
  return absl::string_view(to, prefix_.size() + size);
}

absl::string_view TextReader::Next(uint64_t millis) {
  const auto code = static_cast<uint8_t>(*codes_);
  codes_ += step_;
  if (code == kUuid) return NextUuid();
  if (code == kNumber) return NextNumber();
  if (code == kTimedUuid && code < short_) return NextTimedUuid(millis);
  size_t size = code - short_;
  if (code == kLong) {
    uint64_t long_size = 0;
    long_sizes_.ReadVarint(&long_size);  // Open has seen that it is there.
    size = long_size;
  }
  const absl::string_view text(texts_, size);
  texts_ += size;
  return text;
}

}  // namespace stagecraft::engine
