"""The workflows of GitHub Actions for a review: one checks each change, the other searches anew each week.

No text of a record, a file or an input stands in a script of theirs: it would be run. It goes through files and the
environment. They need no action but GitHub's own.
"""

from __future__ import annotations

_INSTALL = """\
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - name: Install casetable
        env:
          # A variable of the repository: what pip installs, as git+https://…/casetable@v0.1.0.
          CASETABLE: ${{ vars.CASETABLE }}
        shell: bash
        run: |
          if [ -z "$CASETABLE" ]; then
            echo "::error::set the variable CASETABLE of this repository to what pip installs, as git+https://…/casetable@v0.1.0"
            exit 2
          fi
          python -m pip --disable-pip-version-check install -q "$CASETABLE"
"""

REVIEW = f"""\
# Checks each change of the review. Problems stand at their lines in the pull request, the rest in the job's summary.
name: review
on:
  push:
  pull_request:
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    timeout-minutes: 10
    steps:
      - uses: actions/checkout@v4
        with:
          persist-credentials: false
{_INSTALL}      - name: Check the review
        shell: bash
        run: casetable check --format github
"""

REFRESH = f"""\
# Searches anew each week, and opens a pull request that says which hits came or went, and why.
#
# In the settings of the repository: the variable CASETABLE (what pip installs); the secrets NCBI_EMAIL and, if you have
# one, NCBI_API_KEY; and under Actions, General: "Allow GitHub Actions to create and approve pull requests".
name: refresh
on:
  schedule:
    - cron: "17 4 * * 1" # Mondays, 04:17 UTC
  workflow_dispatch:
permissions:
  contents: write
  pull-requests: write
concurrency:
  group: refresh
jobs:
  refresh:
    runs-on: ubuntu-latest
    timeout-minutes: 60
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
{_INSTALL}      # While the pull request of an earlier week is open, the new search goes on top of it, and of what people
      # decided there.
      - name: Choose the branch
        id: branch
        shell: bash
        env:
          GH_TOKEN: ${{{{ github.token }}}}
        run: |
          mine='[.[] | select(.isCrossRepository == false) | .headRefName | select(test("^casetable-refresh-[0-9]+$"))][0] // ""'
          branch=$(gh pr list --state open --base "$GITHUB_REF_NAME" --limit 200 --json headRefName,isCrossRepository --jq "$mine")
          if [ -n "$branch" ]; then
            git switch -q "$branch"
            echo "is-open=true" >> "$GITHUB_OUTPUT"
          else
            branch="casetable-refresh-$GITHUB_RUN_ID"
            git switch -q -c "$branch"
            echo "is-open=false" >> "$GITHUB_OUTPUT"
          fi
          echo "name=$branch" >> "$GITHUB_OUTPUT"
      - name: Search anew
        id: search
        shell: bash
        env:
          NCBI_API_KEY: ${{{{ secrets.NCBI_API_KEY }}}}
          NCBI_EMAIL: ${{{{ secrets.NCBI_EMAIL }}}}
        run: |
          code=0
          casetable refresh || code=$?
          if [ "$code" -eq 4 ]; then
            echo "::warning::PubMed could not be reached; nothing changed, and the next run searches again"
          elif [ "$code" -ne 0 ]; then
            exit "$code"
          fi
          git add -- queries
          if git diff --cached --quiet; then
            echo "is-new=false" >> "$GITHUB_OUTPUT"
          else
            echo "is-new=true" >> "$GITHUB_OUTPUT"
          fi
      - name: Open a pull request
        if: steps.search.outputs.is-new == 'true'
        shell: bash
        env:
          GH_TOKEN: ${{{{ github.token }}}}
          BRANCH: ${{{{ steps.branch.outputs.name }}}}
          IS_OPEN: ${{{{ steps.branch.outputs.is-open }}}}
        run: |
          title="Searches of $(date -u +%Y-%m-%d)"
          git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \\
            commit -q -m "$title"
          git push -q origin "HEAD:refs/heads/$BRANCH"
          casetable diff --format markdown > "$RUNNER_TEMP/text.md"
          {{ echo; (casetable check || true) | tail -n 1; }} >> "$RUNNER_TEMP/text.md"
          if [ "$IS_OPEN" = true ]; then
            gh pr comment "$BRANCH" --body-file "$RUNNER_TEMP/text.md"
          else
            gh pr create --base "$GITHUB_REF_NAME" --head "$BRANCH" --title "$title" --body-file "$RUNNER_TEMP/text.md"
          fi
"""


def workflow_files() -> dict[str, bytes]:
    """Returns the workflows by their path in the repository of a review."""
    return {
        ".github/workflows/review.yml": REVIEW.encode(),
        ".github/workflows/refresh.yml": REFRESH.encode(),
    }
