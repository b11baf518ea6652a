// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configloader.h"

#include "server/app/configchecks.h"
#include "server/app/configkeys.h"

#include <algorithm>
#include <tuple>

namespace msgsrv {

namespace {

/// The setting of @p key that counts.
ConfigSetting winner(const ConfigKey &key, const std::vector<ConfigSetting> &settings)
{
    const ConfigSetting *best = nullptr;
    for (const ConfigSetting &setting : settings) {
        if (setting.key == key.name && (!best || setting.origin.source >= best->origin.source))
            best = &setting;
    }
    if (best)
        return *best;
    return {std::string(key.name), parseTomlValue(key.defaultValue).value(), {}};
}

} // namespace

tl::expected<LoadedConfig, std::vector<ConfigError>> loadConfig(ConfigSettings sources,
                                                                const SystemFacts &facts)
{
    LoadedConfig loaded;
    std::vector<ConfigError> errors = std::move(sources.errors);
    loaded.config.stomp.accounts = std::move(sources.accounts);
    bool everyValueIsGood = true;
    for (const ConfigKey &key : configKeys()) {
        const ConfigSetting &setting = loaded.settings.emplace_back(winner(key, sources.settings));
        if (const auto stored = storeValue(key, setting.value, facts, loaded.config); !stored) {
            errors.push_back({setting.origin, std::string(key.name) + stored.error()});
            everyValueIsGood = false;
        }
    }
    // After a bad value the rules between keys would tell of things that nobody asked for.
    if (everyValueIsGood) {
        for (const JointProblem &problem : finishConfig(loaded.config)) {
            const auto told
                = std::find_if(loaded.settings.begin(), loaded.settings.end(),
                               [&](const ConfigSetting &setting) { return setting.key == problem.key; });
            errors.push_back({told->origin, problem.sentence});
        }
    }
    if (errors.empty())
        return loaded;
    std::stable_sort(errors.begin(), errors.end(), [](const ConfigError &a, const ConfigError &b) {
        return std::tie(a.origin.source, a.origin.line) < std::tie(b.origin.source, b.origin.line);
    });
    return tl::make_unexpected(std::move(errors));
}

} // namespace msgsrv
