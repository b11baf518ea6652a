// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/negotiation.h"

#include "shared/base/json.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace msgsrv {

namespace {

/// How deep a description may be wrapped.
constexpr int deepest = 4;

std::string lowered(std::string_view text)
{
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return result;
}

std::string_view trimmed(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool isOneOf(std::string_view word, std::initializer_list<std::string_view> words)
{
    return std::find(words.begin(), words.end(), word) != words.end();
}

std::optional<NegotiationKind> kindOfWord(std::string_view type)
{
    const std::string word = lowered(type);
    if (word == "offer" || word == "sdp-offer")
        return NegotiationKind::Offer;
    if (isOneOf(word, {"answer", "pranswer", "sdp-answer"}))
        return NegotiationKind::Answer;
    if (isOneOf(word,
                {"candidate", "candidates", "icecandidate", "ice-candidate", "ice_candidate", "ice",
                 "new-ice-candidate", "trickle"}))
        return NegotiationKind::Candidate;
    if (isOneOf(word, {"bye", "hangup", "hang-up", "hang_up", "leave", "close", "end", "endcall"}))
        return NegotiationKind::Bye;
    if (isOneOf(word, {"text", "chat", "message"}))
        return NegotiationKind::Text;
    return {};
}

/// RFC 8842: who offers says actpass; who answers chooses a side.
NegotiationKind kindOfSdp(std::string_view sdp)
{
    const bool chosen = sdp.find("a=setup:active") != sdp.npos || sdp.find("a=setup:passive") != sdp.npos;
    return chosen ? NegotiationKind::Answer : NegotiationKind::Offer;
}

NegotiationKind kindOf(std::string_view json, int depth);

NegotiationKind kindOfString(std::string_view text, int depth)
{
    text = trimmed(text);
    if (text.starts_with("v=0\r") || text.starts_with("v=0\n"))
        return kindOfSdp(text);
    if (text.starts_with("candidate:") || text.starts_with("a=candidate:"))
        return NegotiationKind::Candidate;
    if ((text.starts_with('{') || text.starts_with('[')) && checkJson(text)) {
        const NegotiationKind inner = kindOf(text, depth + 1);
        return inner == NegotiationKind::Other ? NegotiationKind::Text : inner;
    }
    return NegotiationKind::Text;
}

const JsonMember *find(const std::vector<JsonMember> &members, std::string_view name)
{
    const auto found = std::find_if(members.begin(), members.end(), [name](const JsonMember &member) {
        return lowered(member.name) == name;
    });
    return found == members.end() ? nullptr : &*found;
}

NegotiationKind kindOfObject(std::string_view json, int depth)
{
    const auto members = readJsonObject(json, 64);
    if (!members)
        return NegotiationKind::Other;
    for (const std::string_view name : {"type", "kind", "event", "action", "signal", "messagetype"}) {
        const JsonMember *member = find(*members, name);
        const auto kind = member && member->isString ? kindOfWord(member->string) : std::nullopt;
        if (kind)
            return *kind;
    }
    // {"offer": {...}} and the like
    for (const JsonMember &member : *members) {
        const auto kind = kindOfWord(member.name);
        if (kind && *kind != NegotiationKind::Text && member.raw != "null")
            return *kind;
    }
    // RTCIceCandidateInit without a type; an empty candidate is the end of candidates
    if (find(*members, "sdpmid") || find(*members, "sdpmlineindex"))
        return NegotiationKind::Candidate;
    for (const std::string_view name : {"sdp", "description", "jsep", "session", "data", "payload", "content",
                                        "message", "signal", "body"}) {
        const JsonMember *member = find(*members, name);
        if (!member)
            continue;
        const NegotiationKind inner = kindOf(member->raw, depth + 1);
        if (inner != NegotiationKind::Other && inner != NegotiationKind::Text)
            return inner;
    }
    return find(*members, "text") || find(*members, "message") ? NegotiationKind::Text
                                                               : NegotiationKind::Other;
}

NegotiationKind kindOf(std::string_view json, int depth)
{
    json = trimmed(json);
    if (depth > deepest || json.empty())
        return NegotiationKind::Other;
    if (json.front() == '{')
        return kindOfObject(json, depth);
    // Both are read as the member of an object, whose value comes unescaped, or cut where it ends.
    if (json.front() == '"') {
        const auto members = readJsonObject("{\"v\":" + std::string(json) + '}', 64);
        return members && members->size() == 1 ? kindOfString(members->front().string, depth)
                                               : NegotiationKind::Other;
    }
    if (json.front() == '[' && json.find('{') != json.npos) {
        // Several at once: what the first is.
        std::size_t end = json.find('{');
        const std::size_t begin = end;
        int open = 0;
        bool quoted = false;
        for (; end < json.size(); ++end) {
            const char c = json[end];
            if (quoted) {
                if (c == '\\')
                    ++end;
                else if (c == '"')
                    quoted = false;
            } else if (c == '"') {
                quoted = true;
            } else if (c == '{') {
                ++open;
            } else if (c == '}' && --open == 0) {
                return kindOfObject(json.substr(begin, end + 1 - begin), depth + 1);
            }
        }
    }
    return NegotiationKind::Other;
}

} // namespace

const char *toString(NegotiationKind kind)
{
    switch (kind) {
    case NegotiationKind::Offer:
        return "offer";
    case NegotiationKind::Answer:
        return "answer";
    case NegotiationKind::Candidate:
        return "candidate";
    case NegotiationKind::Bye:
        return "bye";
    case NegotiationKind::Text:
        return "text";
    case NegotiationKind::Other:
        break;
    }
    return "other";
}

NegotiationKind negotiationKind(std::string_view contentJson)
{
    return kindOf(contentJson, 0);
}

} // namespace msgsrv
