// SPDX-License-Identifier: GPL-3.0-or-later
//
// A module for clang-tidy 14 (`--load`): its one check finds nothing; it keeps the others from walking
// through the headers of the system and of Qt, whose findings are thrown away anyway and cost most of the
// time. What a precompiled header brings is not even loaded.
#include <clang-tidy/ClangTidyCheck.h>
#include <clang-tidy/ClangTidyModule.h>
#include <clang-tidy/ClangTidyModuleRegistry.h>
#include <clang/AST/ASTContext.h>
#include <clang/ASTMatchers/ASTMatchFinder.h>
#include <clang/Basic/SourceManager.h>

#include <vector>

namespace {

using clang::ast_matchers::MatchFinder;

/// The unit itself is matched before what is in it: from then on only our own declarations are in scope.
class OwnScopeCheck final : public clang::tidy::ClangTidyCheck
{
public:
    using ClangTidyCheck::ClangTidyCheck;

    void registerMatchers(MatchFinder *finder) override
    {
        finder->addMatcher(clang::ast_matchers::translationUnitDecl().bind("unit"), this);
    }

    void check(const MatchFinder::MatchResult &result) override
    {
        const auto *unit = result.Nodes.getNodeAs<clang::TranslationUnitDecl>("unit");
        const clang::SourceManager &sources = *result.SourceManager;
        std::vector<clang::Decl *> own;
        for (clang::Decl *declaration : unit->noload_decls()) {
            if (!sources.isInSystemHeader(sources.getExpansionLoc(declaration->getLocation())))
                own.push_back(declaration);
        }
        result.Context->setTraversalScope(own);
    }
};

class OwnScopeModule final : public clang::tidy::ClangTidyModule
{
public:
    void addCheckFactories(clang::tidy::ClangTidyCheckFactories &factories) override
    {
        factories.registerCheck<OwnScopeCheck>("msgsrv-own-scope");
    }
};

const clang::tidy::ClangTidyModuleRegistry::Add<OwnScopeModule>
    registration("msgsrv-module", "Keeps clang-tidy to our own declarations.");

} // namespace
