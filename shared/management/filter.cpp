// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/management/filter.h"

#include "shared/base/utf8.h"

#include <QString>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace msgsrv::management {

namespace {

/// Stands in a folded pattern for any run of characters: no UTF-8 has this byte.
constexpr char anything = '\xFF';

/// Terms of one filter; far above what people write.
constexpr std::size_t maximumTerms = 100;
constexpr std::size_t maximumSize = 4096; // bytes

bool isAscii(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string fold(std::string_view text)
{
    if (!isAscii(text)) {
        return QString::fromUtf8(text.data(), qsizetype(text.size())).toCaseFolded().toStdString();
    }
    std::string folded(text);
    std::transform(folded.begin(), folded.end(), folded.begin(), lower);
    return folded;
}

/// Linear in both but for patterns with many `*`, where it is at most their product.
bool matchesPattern(std::string_view pattern, std::string_view text)
{
    std::size_t p = 0;
    std::size_t t = 0;
    std::optional<std::size_t> star; // the last one, in the pattern
    std::size_t starText = 0; // how much it has taken
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == anything) {
            star = p++;
            starText = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star) {
            p = *star + 1;
            t = ++starText;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == anything)
        ++p;
    return p == pattern.size();
}

bool isBlank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool isNameCharacter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

struct UnitName
{
    std::string_view name;
    Unit base; ///< Seconds or Bytes
    double factor;
};

constexpr UnitName unitNames[] = {
    {"us", Unit::Seconds, 1e-6},
    {"ms", Unit::Seconds, 1e-3},
    {"s", Unit::Seconds, 1},
    {"m", Unit::Seconds, 60},
    {"min", Unit::Seconds, 60},
    {"h", Unit::Seconds, 3600},
    {"d", Unit::Seconds, 86400},
    {"b", Unit::Bytes, 1},
    {"kb", Unit::Bytes, 1e3},
    {"mb", Unit::Bytes, 1e6},
    {"gb", Unit::Bytes, 1e9},
    {"kib", Unit::Bytes, 1024},
    {"mib", Unit::Bytes, 1024.0 * 1024},
    {"gib", Unit::Bytes, 1024.0 * 1024 * 1024},
};

/// What one of a column's unit is in the base that unit names are given in.
double inBase(Unit unit)
{
    switch (unit) {
    case Unit::Microseconds:
        return 1e-6;
    case Unit::UnixMilliseconds:
        return 1e-3;
    case Unit::None:
    case Unit::Count:
    case Unit::Bytes:
    case Unit::Seconds:
        break;
    }
    return 1;
}

/// Which unit names suit a column; None: none does.
Unit baseOf(Unit unit)
{
    switch (unit) {
    case Unit::Microseconds:
    case Unit::Seconds:
    case Unit::UnixMilliseconds:
        return Unit::Seconds;
    case Unit::Bytes:
        return Unit::Bytes;
    case Unit::None:
    case Unit::Count:
        break;
    }
    return Unit::None;
}

class Parser
{
public:
    Parser(std::string_view text, std::span<const Column> columns)
        : m_text(text)
        , m_columns(columns)
    { }

    tl::expected<std::vector<Filter::Term>, FilterError> run()
    {
        if (!isUtf8(m_text))
            return tl::unexpected(FilterError{utf8Prefix(m_text), "This is not UTF-8."});
        if (m_text.size() > maximumSize)
            return tl::unexpected(FilterError{maximumSize, "A filter has at most 4096 bytes."});
        std::vector<Filter::Term> terms;
        for (skipBlanks(); m_at < m_text.size(); skipBlanks()) {
            if (terms.size() == maximumTerms)
                return tl::unexpected(FilterError{m_at, "There are more than 100 terms."});
            Filter::Term term;
            term.offset = m_at;
            if (!parseTerm(term))
                return tl::unexpected(*m_error);
            term.size = m_at - term.offset;
            terms.push_back(std::move(term));
        }
        return terms;
    }

private:
    /// A value as it stands in the text.
    struct Value
    {
        std::size_t offset = 0;
        std::string text; ///< without quotes; anything for each bare `*`
        bool isQuoted = false;
    };

    bool fail(std::size_t offset, std::string message)
    {
        m_error = FilterError{offset, std::move(message)};
        return false;
    }

    void skipBlanks()
    {
        while (m_at < m_text.size() && isBlank(m_text[m_at]))
            ++m_at;
    }

    [[nodiscard]] bool atEndOfTerm() const { return m_at == m_text.size() || isBlank(m_text[m_at]); }

    /// Reads the operator at @p at; how long it is, 0: there is none.
    std::size_t operatorAt(std::size_t at, Filter::Operator &op) const
    {
        const std::string_view rest = m_text.substr(std::min(at, m_text.size()));
        if (rest.starts_with(">=")) {
            op = Filter::Operator::GreaterOrEqual;
            return 2;
        }
        if (rest.starts_with("<=")) {
            op = Filter::Operator::LessOrEqual;
            return 2;
        }
        if (rest.starts_with(">")) {
            op = Filter::Operator::Greater;
            return 1;
        }
        if (rest.starts_with("<")) {
            op = Filter::Operator::Less;
            return 1;
        }
        if (rest.starts_with(":")) {
            op = Filter::Operator::Equal;
            return 1;
        }
        return 0;
    }

    bool parseTerm(Filter::Term &term)
    {
        if (m_text[m_at] == '-') {
            term.negated = true;
            ++m_at;
            if (atEndOfTerm())
                return fail(term.offset, "A term is missing behind \"-\".");
        }
        std::size_t nameEnd = m_at;
        while (nameEnd < m_text.size() && isNameCharacter(m_text[nameEnd]))
            ++nameEnd;
        const std::size_t operatorSize = operatorAt(nameEnd, term.op);
        if (operatorSize == 0)
            return parseWord(term);
        return parseComparison(term, nameEnd, operatorSize);
    }

    bool parseWord(Filter::Term &term)
    {
        term.op = Filter::Operator::Contains;
        const auto value = parseValue({});
        if (!value)
            return false;
        term.texts.push_back(anything + value->text + anything);
        return true;
    }

    bool parseComparison(Filter::Term &term, std::size_t nameEnd, std::size_t operatorSize)
    {
        const std::string_view name = m_text.substr(m_at, nameEnd - m_at);
        const auto column = findColumn(m_columns, name);
        if (!column) {
            return fail(m_at,
                        name.empty() ? std::string("The name of a column is missing.")
                                     : "There is no column \"" + std::string(name) + "\".");
        }
        term.column = *column;
        const Column &facts = m_columns[*column];
        if (term.op != Filter::Operator::Equal && facts.type != ColumnType::Number)
            return fail(nameEnd, "\"" + std::string(name) + "\" is no number; write \":\" instead.");
        m_at = nameEnd + operatorSize;
        if (term.op != Filter::Operator::Equal) {
            const auto value = parseValue({});
            return value && addNumber(term, facts, *value);
        }
        while (true) {
            const auto value = parseValue(",");
            if (!value || !addAlternative(term, facts, *value))
                return false;
            if (atEndOfTerm())
                return true;
            ++m_at; // the comma
        }
    }

    bool addAlternative(Filter::Term &term, const Column &column, const Value &value)
    {
        switch (column.type) {
        case ColumnType::Text:
            term.texts.push_back(value.text);
            return true;
        case ColumnType::Number:
            return addNumber(term, column, value);
        case ColumnType::Flag:
            break;
        }
        if (value.text == "true" || value.text == "yes")
            term.numbers.push_back(1);
        else if (value.text == "false" || value.text == "no")
            term.numbers.push_back(0);
        else
            return fail(value.offset, "This is \"true\" or \"false\".");
        return true;
    }

    bool addNumber(Filter::Term &term, const Column &column, const Value &value)
    {
        double number = 0;
        const char *const end = value.text.data() + value.text.size();
        const auto [rest, error] = std::from_chars(value.text.data(), end, number);
        if (error != std::errc() || !std::isfinite(number))
            return fail(value.offset, "This is no number.");
        const std::string_view unitText(rest, std::size_t(end - rest));
        if (!unitText.empty()) {
            const auto *unit = std::find_if(std::begin(unitNames), std::end(unitNames),
                                            [&](const UnitName &known) { return known.name == unitText; });
            if (unit == std::end(unitNames))
                return fail(value.offset + std::size_t(rest - value.text.data()), "There is no such unit.");
            if (unit->base != baseOf(column.unit)) {
                return fail(value.offset + std::size_t(rest - value.text.data()),
                            "This unit does not suit \"" + std::string(column.name) + "\".");
            }
            number *= unit->factor / inBase(column.unit);
        }
        term.numbers.push_back(number);
        return true;
    }

    /// Up to a blank or one of @p stops.
    std::optional<Value> parseValue(std::string_view stops)
    {
        Value value;
        value.offset = m_at;
        std::string raw;
        if (m_at < m_text.size() && m_text[m_at] == '"') {
            value.isQuoted = true;
            ++m_at;
            while (true) {
                if (m_at == m_text.size()) {
                    fail(value.offset, "This quote is not closed.");
                    return {};
                }
                const char c = m_text[m_at++];
                if (c == '"')
                    break;
                if (c == '\\' && m_at < m_text.size())
                    raw.push_back(m_text[m_at++]);
                else
                    raw.push_back(c);
            }
            if (!atEndOfTerm() && stops.find(m_text[m_at]) == stops.npos) {
                fail(m_at, "A blank is missing behind the quote.");
                return {};
            }
            value.text = fold(raw);
            return value;
        }
        while (!atEndOfTerm() && stops.find(m_text[m_at]) == stops.npos) {
            if (m_text[m_at] == '"') {
                fail(m_at, "A quote stands within a word.");
                return {};
            }
            raw.push_back(m_text[m_at++]);
        }
        if (raw.empty()) {
            fail(value.offset, "A value is missing.");
            return {};
        }
        value.text = fold(raw);
        std::replace(value.text.begin(), value.text.end(), '*', anything);
        return value;
    }

    const std::string_view m_text;
    const std::span<const Column> m_columns;
    std::size_t m_at = 0;
    std::optional<FilterError> m_error;
};

bool anyPattern(const std::vector<std::string> &patterns, std::string_view text)
{
    const std::string folded = fold(text);
    return std::any_of(patterns.begin(), patterns.end(),
                       [&](const std::string &pattern) { return matchesPattern(pattern, folded); });
}

bool compare(Filter::Operator op, double cell, const std::vector<double> &values)
{
    switch (op) {
    case Filter::Operator::Equal:
        return std::find(values.begin(), values.end(), cell) != values.end();
    case Filter::Operator::Less:
        return cell < values.front();
    case Filter::Operator::LessOrEqual:
        return cell <= values.front();
    case Filter::Operator::Greater:
        return cell > values.front();
    case Filter::Operator::GreaterOrEqual:
        return cell >= values.front();
    case Filter::Operator::Contains:
        break;
    }
    return false;
}

bool containsText(const Filter::Term &term, const RowReader &row)
{
    for (std::size_t i = 0; i < row.columnCount(); ++i) {
        const Cell cell = row.cell(i);
        const auto *text = std::get_if<std::string>(&cell);
        if (text && anyPattern(term.texts, *text))
            return true;
    }
    return false;
}

bool holds(const Filter::Term &term, const RowReader &row)
{
    if (term.op == Filter::Operator::Contains)
        return containsText(term, row);
    const Cell cell = row.cell(term.column);
    if (const auto *text = std::get_if<std::string>(&cell))
        return anyPattern(term.texts, *text);
    if (const auto *whole = std::get_if<std::int64_t>(&cell))
        return compare(term.op, double(*whole), term.numbers);
    if (const auto *real = std::get_if<double>(&cell))
        return compare(term.op, *real, term.numbers);
    if (const auto *flag = std::get_if<bool>(&cell))
        return compare(term.op, *flag ? 1 : 0, term.numbers);
    return false;
}

class SpanReader final : public RowReader
{
public:
    explicit SpanReader(std::span<const Cell> row)
        : m_row(row)
    { }
    [[nodiscard]] std::size_t columnCount() const override { return m_row.size(); }
    [[nodiscard]] Cell cell(std::size_t column) const override { return m_row[column]; }

private:
    const std::span<const Cell> m_row;
};

} // namespace

tl::expected<Filter, FilterError> Filter::parse(std::string_view text, std::span<const Column> columns)
{
    auto terms = Parser(text, columns).run();
    if (!terms)
        return tl::unexpected(std::move(terms.error()));
    Filter filter;
    filter.m_terms = *std::move(terms);
    return filter;
}

bool Filter::matches(std::span<const Cell> row) const
{
    return matches(SpanReader(row));
}

bool Filter::matches(const RowReader &row) const
{
    return std::all_of(m_terms.begin(), m_terms.end(),
                       [&](const Term &term) { return holds(term, row) != term.negated; });
}

} // namespace msgsrv::management
