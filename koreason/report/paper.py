"""The paper's own figures, to lay beside a run that repeats its main experiment (arXiv 2510.04230v2, table 5).

    before, after = TABLE_5["gemma-3-4b"]["ksm"]

Accuracies in percent of the base and of the base trained on Yi-Sang-HQ. Keys are the names of `config/paper.yaml`.
"""

MIXES = ("yisang_hq", "hq_released")  # made by a teacher, and as the authors published it
BENCHES = ("kmmlu_redux", "kmmlu_pro", "kmmlu_hard", "math_ko", "aime24_ko", "ksm", "hrb", "click", "kobalt")

_ROWS = {
    "gemma-3-4b": ((40.7, 26.7, 19.4, 41.9, 1.7, 12.8, 49.1, 45.9, 12.0), (65.5, 35.3, 41.6, 69.7, 15.0, 38.8, 61.0, 55.2, 20.0)),
    "qwen2_5-7b": ((52.6, 34.0, 20.7, 58.1, 6.7, 15.8, 60.4, 56.9, 19.3), (72.0, 44.6, 46.7, 77.3, 41.7, 49.7, 65.0, 61.0, 24.1)),
    "ax-3_1-7b": ((62.4, 38.8, 36.3, 48.2, 34.6, 17.3, 71.3, 64.8, 25.0), (70.0, 39.0, 45.7, 82.8, 33.3, 53.4, 72.5, 62.0, 23.9)),
    "koni-llama-3_1-8b": ((20.7, 16.0, 9.7, 18.7, 3.3, 4.8, 21.7, 21.9, 0.5), (69.6, 39.6, 44.7, 71.7, 31.7, 38.3, 58.3, 56.5, 21.4)),
    "llama-3_1-8b": ((40.0, 23.8, 19.5, 29.3, 1.7, 5.1, 43.7, 41.5, 8.1), (68.9, 38.6, 45.3, 72.2, 26.7, 38.7, 58.3, 54.9, 18.9)),
    "kanana-1_5-8b": ((53.7, 37.7, 27.2, 54.5, 10.0, 15.0, 70.3, 63.5, 20.6), (70.7, 39.9, 44.8, 67.7, 30.0, 39.8, 72.9, 64.0, 28.6)),
    "gemma-3-12b": ((59.1, 39.9, 29.8, 73.2, 15.0, 28.1, 69.8, 62.2, 26.0), (72.7, 43.2, 47.1, 75.3, 35.0, 46.1, 68.8, 64.6, 29.6)),
    "qwen2_5-14b": ((24.4, 22.7, 14.0, 64.6, 8.3, 20.7, 20.7, 31.5, 19.8), (77.1, 50.0, 51.5, 81.8, 38.3, 55.6, 74.5, 67.5, 34.5)),
    "ax-3_1-35b": ((72.2, 47.3, 44.2, 73.1, 16.7, 26.8, 84.0, 76.6, 35.5), (76.0, 47.4, 51.4, 84.5, 66.7, 65.7, 78.9, 70.9, 34.9)),
}
TABLE_5 = {base: {bench: (before[index], after[index]) for index, bench in enumerate(BENCHES)} for base, (before, after) in _ROWS.items()}
