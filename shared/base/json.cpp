// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/json.h"

#include "shared/base/utf8.h"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <optional>

namespace msgsrv {

namespace {

/// Numbers stay text, so that no digit of a relayed value is lost.
constexpr unsigned parseFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;

/// How many bytes at the front of @p bytes stand in a JSON string as they are and are ASCII; perhaps fewer:
/// they are looked at eight at a time.
std::size_t plainPrefix(std::string_view bytes)
{
    constexpr std::uint64_t ones = 0x0101010101010101u;
    constexpr std::uint64_t highBits = ones << 7;
    const auto hasZero = [](std::uint64_t eight) { return (eight - ones) & ~eight & highBits; };
    std::size_t at = 0;
    for (; at + sizeof(std::uint64_t) <= bytes.size(); at += sizeof(std::uint64_t)) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, bytes.data() + at, sizeof eight);
        const std::uint64_t isControl = (eight - ones * 0x20) & ~eight & highBits;
        if ((eight & highBits) | isControl | hasZero(eight ^ (ones * '"')) | hasZero(eight ^ (ones * '\\')))
            break;
    }
    return at;
}

/// Listens to the reader: watches depth, names and Unicode everywhere, and keeps the top-level members
/// when asked to.
class Listener
{
public:
    Listener(std::string_view text, int maximumDepth, bool objectOnly)
        : m_text(text)
        , m_stream(text.data(), text.size())
        , m_maximumDepth(maximumDepth)
        , m_objectOnly(objectOnly)
    { }

    tl::expected<void, JsonError> run()
    {
        // Once over all of it is several times cheaper than the reader's own way, character by character.
        if (const std::size_t valid = utf8Prefix(m_text); valid < m_text.size())
            return tl::unexpected(JsonError{JsonError::Kind::NotUnicode, valid, {}});
        rapidjson::Reader reader;
        const rapidjson::ParseResult result = reader.Parse<parseFlags>(m_stream, *this);
        if (m_error)
            return tl::unexpected(*m_error);
        if (result.IsError()) {
            const auto kind = result.Code() == rapidjson::kParseErrorNumberTooBig
                ? JsonError::Kind::NumberOutOfRange
                : isEncodingError(result.Code()) ? JsonError::Kind::NotUnicode
                                                 : JsonError::Kind::Syntax;
            return tl::unexpected(JsonError{kind, result.Offset(), {}});
        }
        if (m_stream.Tell() != m_text.size()) // the reader takes a NUL for the end
            return tl::unexpected(JsonError{JsonError::Kind::Syntax, m_stream.Tell(), {}});
        return {};
    }

    std::vector<JsonMember> takeMembers() { return std::move(m_members); }

    // What rapidjson::Reader calls.
    bool Null() { return scalar(); }
    bool Bool(bool) { return scalar(); }
    bool Int(int) { return scalar(); }
    bool Uint(unsigned) { return scalar(); }
    bool Int64(std::int64_t) { return scalar(); }
    bool Uint64(std::uint64_t) { return scalar(); }
    bool Double(double) { return scalar(); }
    bool RawNumber(const char *, rapidjson::SizeType, bool) { return scalar(); }

    bool String(const char *characters, rapidjson::SizeType size, bool)
    {
        const std::string_view string(characters, size);
        // A lone low surrogate, written as an escape, passes the reader.
        if (!isUtf8(string))
            return fail(JsonError::Kind::NotUnicode);
        if (isTopLevelValue()) {
            m_members.back().isString = true;
            m_members.back().string = string;
        }
        return scalar();
    }

    bool Key(const char *characters, rapidjson::SizeType size, bool)
    {
        const std::string_view name(characters, size);
        if (!isUtf8(name))
            return fail(JsonError::Kind::NotUnicode);
        m_names.push_back({std::string(name), m_stream.Tell()});
        if (m_objectOnly && depth() == 1) {
            m_members.push_back({std::string(name), {}, false, {}});
            m_valueStart = m_stream.Tell();
        }
        return true;
    }

    bool StartObject() { return start(true); }
    bool EndObject(rapidjson::SizeType)
    {
        if (!checkNames(m_objects.back()))
            return false;
        return end();
    }
    bool StartArray() { return start(false); }
    bool EndArray(rapidjson::SizeType) { return end(); }

private:
    struct Name
    {
        std::string text;
        std::size_t offset = 0;
    };

    static bool isEncodingError(rapidjson::ParseErrorCode code)
    {
        return code == rapidjson::kParseErrorStringInvalidEncoding
            || code == rapidjson::kParseErrorStringUnicodeSurrogateInvalid;
    }

    [[nodiscard]] int depth() const { return int(m_objects.size()); }
    [[nodiscard]] bool isTopLevelValue() const { return m_objectOnly && depth() == 1; }

    bool fail(JsonError::Kind kind)
    {
        m_error = JsonError{kind, m_stream.Tell(), {}};
        return false;
    }

    bool scalar()
    {
        if (m_objectOnly && depth() == 0)
            return fail(JsonError::Kind::NotAnObject);
        if (isTopLevelValue())
            sliceValue(m_stream.Tell());
        return true;
    }

    bool start(bool isObject)
    {
        if (m_objectOnly && depth() == 0 && !isObject)
            return fail(JsonError::Kind::NotAnObject);
        if (depth() == m_maximumDepth)
            return fail(JsonError::Kind::TooDeep);
        m_objects.push_back(m_names.size());
        return true;
    }

    bool end()
    {
        m_names.resize(m_objects.back());
        m_objects.pop_back();
        // The iterative reader tells the end of an object or array before it takes the bracket.
        if (isTopLevelValue())
            sliceValue(m_stream.Tell() + 1);
        return true;
    }

    void sliceValue(std::size_t valueEnd)
    {
        const std::size_t valueStart = m_text.find_first_not_of(": \t\r\n", m_valueStart);
        assert(valueStart < valueEnd);
        m_members.back().raw = m_text.substr(valueStart, valueEnd - valueStart);
    }

    /// The names of the innermost object begin at @p first. Sorted rather than hashed: nobody can choose
    /// names that make this slow.
    bool checkNames(std::size_t first)
    {
        const auto begin = m_names.begin() + std::ptrdiff_t(first);
        std::stable_sort(begin, m_names.end(), [](const Name &a, const Name &b) { return a.text < b.text; });
        const auto twice = std::adjacent_find(begin, m_names.end(),
                                              [](const Name &a, const Name &b) { return a.text == b.text; });
        if (twice == m_names.end())
            return true;
        m_error = JsonError{JsonError::Kind::DuplicateName, (twice + 1)->offset, twice->text};
        return false;
    }

    const std::string_view m_text;
    rapidjson::MemoryStream m_stream;
    const int m_maximumDepth;
    const bool m_objectOnly;
    std::vector<JsonMember> m_members;
    std::size_t m_valueStart = 0; ///< behind the name of the last top-level member
    std::vector<Name> m_names; ///< of all open objects, the innermost last
    std::vector<std::size_t> m_objects; ///< one an open object or array: where its names begin
    std::optional<JsonError> m_error;
};

} // namespace

tl::expected<std::vector<JsonMember>, JsonError> readJsonObject(std::string_view text, int maximumDepth)
{
    Listener listener(text, maximumDepth, true);
    return listener.run().map([&listener] { return listener.takeMembers(); });
}

tl::expected<void, JsonError> checkJson(std::string_view text, int maximumDepth)
{
    return Listener(text, maximumDepth, false).run();
}

void appendJsonString(std::string &out, std::string_view utf8)
{
    constexpr char hex[] = "0123456789abcdef";
    out.push_back('"');
    std::size_t plain = 0; // everything from here up to `at` is copied as it is
    std::size_t at = 0;
    const auto copyPlain = [&] { out.append(utf8.substr(plain, at - plain)); };
    while (at < utf8.size()) {
        at += plainPrefix(utf8.substr(at));
        if (at == utf8.size())
            break;
        const Utf8Step step = decodeUtf8(utf8, at);
        if (step.isValid && step.codePoint >= 0x20 && step.codePoint != U'"' && step.codePoint != U'\\') {
            at += step.size;
            continue;
        }
        copyPlain();
        if (!step.isValid) {
            out.append("\xEF\xBF\xBD");
        } else {
            switch (step.codePoint) {
            case U'"':
                out.append("\\\"");
                break;
            case U'\\':
                out.append("\\\\");
                break;
            case U'\n':
                out.append("\\n");
                break;
            case U'\r':
                out.append("\\r");
                break;
            case U'\t':
                out.append("\\t");
                break;
            default:
                out.append("\\u00");
                out.push_back(hex[step.codePoint >> 4]);
                out.push_back(hex[step.codePoint & 15]);
            }
        }
        at += step.size;
        plain = at;
    }
    copyPlain();
    out.push_back('"');
}

} // namespace msgsrv
