// SPDX-License-Identifier: GPL-3.0-or-later
//
// The first octet chooses a grammar of configuration values, the rest is the text. Checked: what was read is
// written and read back as the same value.
#include "server/app/configvalue.h"
#include "server/app/listenaddress.h"
#include "server/app/nearest.h"
#include "server/app/valuegrammar.h"
#include "server/net/authority.h"
#include "server/net/originpolicy.h"
#include "shared/base/utf8.h"

#include <cstdlib>

using namespace msgsrv;

namespace {

void require(bool condition)
{
    if (!condition)
        std::abort();
}

void readNumbers(std::string_view text)
{
    if (const auto duration = parseDuration(text)) {
        require(duration->count() >= 0);
        require(parseDuration(formatDuration(*duration)) == duration);
    }
    if (const auto size = parseSize(text)) {
        require(*size >= 0);
        require(parseSize(formatSize(*size)) == size);
    }
    if (const auto count = parseCount(text))
        require(*count >= 0 && parseSize(text) == count);
}

void readValue(std::string_view text, BareWord word)
{
    const auto value = parseWordOrToml(text, word);
    if (!value) {
        require(!value.error().empty());
        return;
    }
    const std::string toml = toToml(*value);
    require(isUtf8(toml) && toml.find('\n') == std::string::npos);
    const auto again = parseTomlValue(toml);
    require(again && *again == *value);
}

void readAddress(std::string_view text)
{
    if (!isUtf8(text))
        return; // every source of values has made sure of that
    if (const auto address = ListenAddress::parse(text)) {
        const auto again = ListenAddress::parse(address->toString());
        require(again && *again == *address);
        require(address->overlaps(*address) == (address->port != 0));
    }
}

void readOrigin(std::string_view text)
{
    const auto policy = OriginPolicy::parse({std::string(text)});
    if (policy && text != "*")
        require(policy->allows(text, "host") && !policy->allows("null", "host"));
    if (const auto authority = Authority::parse(text)) {
        const std::string port = authority->port ? ':' + std::to_string(*authority->port) : std::string();
        const auto again = Authority::parse(authority->host + port);
        require(again && again->host == authority->host && again->port == authority->port);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size)
{
    if (size == 0)
        return 0;
    const std::string_view text(reinterpret_cast<const char *>(data + 1), size - 1);
    switch (data[0] % 7) {
    case 0:
        readNumbers(text);
        break;
    case 1:
        readValue(text, BareWord::Text);
        break;
    case 2:
        readValue(text, BareWord::Element);
        break;
    case 3:
        readValue(text, BareWord::Scalar);
        break;
    case 4:
        readAddress(text);
        break;
    case 5:
        readOrigin(text);
        break;
    default: {
        const std::string_view typed = text.substr(0, 100); // takes the square of the time
        require(editDistance(typed, typed) == 0);
        require(nearest(typed, {"http.listen", "workers"}).size() >= 7);
        break;
    }
    }
    return 0;
}
