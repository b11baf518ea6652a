// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/requestfields.h"

#include "server/http/mediatype.h"
#include "shared/base/json.h"
#include "shared/base/percent.h"
#include "shared/base/utf8.h"

#include <algorithm>

namespace msgsrv {

namespace {

using Fields = std::vector<RequestFields::Field>;

QByteArray bytesOf(std::string_view text)
{
    return {text.data(), qsizetype(text.size())};
}

Problem malformed(const QByteArray &detail)
{
    return {ProblemCause::MalformedBody, detail, 0};
}

Problem missing(std::string_view name)
{
    return {ProblemCause::MissingMember, "The member " + bytesOf(name) + " is missing.", 0};
}

Problem twice(std::string_view name)
{
    constexpr std::size_t longestQuoted = 64;
    return {ProblemCause::DuplicateMember,
            name.size() > longestQuoted ? QByteArray("A member is given twice.")
                                        : "The member \"" + bytesOf(name) + "\" is given twice.",
            0};
}

Problem problemOf(const JsonError &error, int jsonDepth)
{
    const QByteArray place = " (at byte " + QByteArray::number(qulonglong(error.offset)) + ").";
    switch (error.kind) {
    case JsonError::Kind::Syntax:
        return malformed("The body is no well-formed JSON" + place);
    case JsonError::Kind::NotAnObject:
        return malformed("The body must be a JSON object.");
    case JsonError::Kind::DuplicateName:
        return twice(error.name);
    case JsonError::Kind::TooDeep:
        return malformed("The body is nested deeper than " + QByteArray::number(jsonDepth) + " levels.");
    case JsonError::Kind::NotUnicode:
        return malformed("The body is not well-formed UTF-8, or escapes a lone surrogate" + place);
    case JsonError::Kind::NumberOutOfRange:
        return malformed("A number is too large" + place);
    }
    Q_UNREACHABLE();
}

tl::expected<Fields, Problem> readForm(std::string_view body)
{
    Fields fields;
    while (!body.empty()) {
        const std::size_t end = std::min(body.find('&'), body.size());
        const std::string_view pair = body.substr(0, end);
        body.remove_prefix(std::min(end + 1, body.size()));
        if (pair.empty())
            continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const auto name = percentDecode(pair.substr(0, equals), Plus::IsBlank);
        const auto value = percentDecode(pair.substr(std::min(equals + 1, pair.size())), Plus::IsBlank);
        if (!name || !value)
            return tl::unexpected(malformed("A % in the form is not followed by two hexadecimal digits."));
        fields.push_back({*name, *value, true, {}});
    }
    return fields;
}

tl::expected<Fields, Problem> readJson(std::string_view body, int jsonDepth)
{
    auto members = readJsonObject(body, jsonDepth);
    if (!members)
        return tl::unexpected(problemOf(members.error(), jsonDepth));
    Fields fields;
    for (JsonMember &member : *members)
        fields.push_back({std::move(member.name),
                          member.isString ? std::move(member.string) : std::string(member.raw),
                          member.isString, bytesOf(member.raw)});
    return fields;
}

} // namespace

tl::expected<RequestFields, Problem> RequestFields::read(const HttpRequest &request, int jsonDepth)
{
    const std::string_view body(request.body.constData(), std::size_t(request.body.size()));
    const QByteArray contentType = request.header("content-type");
    if (body.empty() && contentType.isNull())
        return RequestFields();

    const auto typeCount = std::count_if(request.headers.begin(), request.headers.end(),
                                         [](const auto &header) { return header.first == "content-type"; });
    const auto type = typeCount == 1
        ? MediaType::parse({contentType.constData(), std::size_t(contentType.size())})
        : std::nullopt;
    const bool isForm = type && type->name == "application/x-www-form-urlencoded";
    const bool isJson = type && type->name == "application/json";
    if ((!isForm && !isJson) || !type->isUtf8())
        return tl::unexpected(
            Problem{ProblemCause::UnsupportedMediaType,
                    "The body must be application/json or application/x-www-form-urlencoded, "
                    "in UTF-8.",
                    0});

    auto fields = isForm ? readForm(body) : readJson(body, jsonDepth);
    if (!fields)
        return tl::unexpected(fields.error());
    std::stable_sort(fields->begin(), fields->end(),
                     [](const Field &a, const Field &b) { return a.name < b.name; });
    const auto same = std::adjacent_find(fields->begin(), fields->end(),
                                         [](const Field &a, const Field &b) { return a.name == b.name; });
    if (same != fields->end())
        return tl::unexpected(twice(same->name));
    RequestFields result;
    result.m_fields = std::move(*fields);
    return result;
}

const RequestFields::Field *RequestFields::find(std::string_view name) const
{
    const auto field = std::lower_bound(m_fields.begin(), m_fields.end(), name,
                                        [](const Field &a, std::string_view b) { return a.name < b; });
    return field != m_fields.end() && field->name == name ? &*field : nullptr;
}

tl::expected<std::optional<UserId>, Problem> RequestFields::userId(std::string_view name) const
{
    const Field *field = find(name);
    if (!field)
        return std::nullopt;
    const auto invalid = [&](const QByteArray &why) {
        return tl::unexpected(Problem{ProblemCause::InvalidUserId, bytesOf(name) + ": " + why, 0});
    };
    if (!field->isString)
        return invalid("A user id must be a string.");
    auto id = UserId::parse(field->text);
    if (!id)
        return invalid(describe(id.error()));
    return *id;
}

tl::expected<UserId, Problem> RequestFields::requiredUserId(std::string_view name) const
{
    auto id = userId(name);
    if (!id)
        return tl::unexpected(id.error());
    if (!*id)
        return tl::unexpected(missing(name));
    return **id;
}

tl::expected<QByteArray, Problem> RequestFields::requiredJson(std::string_view name) const
{
    const Field *field = find(name);
    if (!field)
        return tl::unexpected(missing(name));
    if (!field->json.isNull())
        return field->json;
    if (!isUtf8(field->text))
        return tl::unexpected(Problem{ProblemCause::InvalidContent,
                                      "The member " + bytesOf(name) + " is not well-formed UTF-8.", 0});
    std::string json;
    appendJsonString(json, field->text);
    return QByteArray::fromStdString(json);
}

} // namespace msgsrv
